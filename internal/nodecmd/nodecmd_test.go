package nodecmd

import (
	"errors"
	"io/fs"
	"slices"
	"strings"
	"testing"
)

func files(m map[string]string) Files {
	return func(name string) ([]byte, error) {
		if s, ok := m[name]; ok {
			return []byte(s), nil
		}
		return nil, fs.ErrNotExist
	}
}

const pkg = `{"scripts":{"start":"node server.js","dev":"nodemon app.js","ts":"tsx app.ts","both":"node a.js & node b.js","env":"PORT=1 node x.js"}}`

func TestResolve(t *testing.T) {
	read := files(map[string]string{"/app/package.json": pkg})
	for _, tt := range []struct {
		in   string
		want []string
		path string
		err  string // part of it
	}{
		{in: "node server.js", want: []string{"node", "server.js"}},
		{in: "node --max-old-space-size=512 server.js", want: []string{"node", "--max-old-space-size=512", "server.js"}},
		{in: "/opt/bin/node x.js", want: []string{"/opt/bin/node", "x.js"}},
		{in: "./app.js", want: []string{"./app.js"}},
		{in: "npm start", want: []string{"sh", "-c", "exec node server.js"}, path: "/app/node_modules/.bin"},
		{in: "npm run start", want: []string{"sh", "-c", "exec node server.js"}, path: "/app/node_modules/.bin"},
		{in: "npm start -- --port 1", want: []string{"sh", "-c", "exec node server.js --port 1"}, path: "/app/node_modules/.bin"},
		{in: "npm run both", want: []string{"sh", "-c", "node a.js & node b.js"}, path: "/app/node_modules/.bin"},
		{in: "npm run env", want: []string{"sh", "-c", "PORT=1 node x.js"}, path: "/app/node_modules/.bin"},
		{in: "npm run nope", err: `no script "nope"; it has: both, dev, env, start, ts`},
		{in: "npm run ts", err: "use: muster run -- node --import tsx app.ts"},
		{in: "npm run dev", err: "use: muster run -- node app.js"},
		{in: "npm", err: "which script"},
		{in: "npm install", err: "npm install is not"},
		{in: "npm exec tsx app.ts", err: "node --import tsx app.ts"},
		{in: "npx tsx app.ts", err: "use: muster run -- node --import tsx app.ts"},
		{in: "npx serve .", err: "node node_modules/.bin/serve ."},
		{in: "tsx app.ts", err: "use: muster run -- node --import tsx app.ts"},
		{in: "ts-node app.ts", err: "use: muster run -- node --require ts-node/register app.ts"},
		{in: "yarn start", err: "use: muster run -- npm run start"},
		{in: "pnpm run dev", err: "use: muster run -- npm run dev"},
		{in: "pm2 start app.js", err: "use: muster run -- node app.js"},
		{in: "tsx", err: "node --import tsx SCRIPT"},
		{in: "", err: "no command"},
	} {
		got, err := Resolve(strings.Fields(tt.in), "/app", read)
		switch {
		case tt.err != "":
			if err == nil || !strings.Contains(err.Error(), tt.err) {
				t.Errorf("%q: error %v, want one with %q", tt.in, err, tt.err)
			}
		case err != nil:
			t.Errorf("%q: %v", tt.in, err)
		case !slices.Equal(got.Args, tt.want) || got.Path != tt.path:
			t.Errorf("%q: %q, PATH %q; want %q, %q", tt.in, got.Args, got.Path, tt.want, tt.path)
		}
	}
}

func TestResolveWithoutPackageJSON(t *testing.T) {
	_, err := Resolve([]string{"npm", "start"}, "/app", files(nil))
	var e *Error
	if !errors.As(err, &e) || e.Instead == "" {
		t.Errorf("error %v, want an *Error with a way out", err)
	}
}

func TestNpmStartDefaultsToServerJS(t *testing.T) {
	read := files(map[string]string{"/app/package.json": `{}`, "/app/server.js": ""})
	p, err := Resolve([]string{"npm", "start"}, "/app", read)
	if err != nil || p.Args[2] != "exec node server.js" {
		t.Errorf("%v, %v", p, err)
	}
}

func TestQuoteAll(t *testing.T) {
	if got, want := quoteAll([]string{"node", "my app.js", "it's", ""}), `node 'my app.js' 'it'\''s' ''`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
