package nodecmd

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"
)

// world is a directory /app with these files, an environment, and Node 20.20.
func world(files map[string]string, env ...string) World {
	return World{
		Dir: "/app",
		Read: func(name string) ([]byte, error) {
			if s, ok := files[strings.TrimPrefix(name, "/app/")]; ok {
				return []byte(s), nil
			}
			return nil, fs.ErrNotExist
		},
		Getenv: func(name string) string {
			for _, kv := range env {
				if v, ok := strings.CutPrefix(kv, name+"="); ok {
					return v
				}
			}
			return ""
		},
		Node: func() (int, int) { return 20, 20 },
	}
}

const nodeBin = "#!/usr/bin/env node\n"

// tools are packages that are installed.
var tools = map[string]string{
	"node_modules/tsx/package.json": "{}", "node_modules/ts-node/package.json": "{}",
	"node_modules/.bin/next": nodeBin, "node_modules/.bin/tsc": nodeBin, "node_modules/.bin/serve": nodeBin,
	"node_modules/.bin/env-cmd": nodeBin,
	"node_modules/.bin/shim":    "#!/bin/sh\nexec node \"$basedir/../x.js\"\n", "node_modules/.bin/go-thing": "\x7fELF",
	"server.js": "", ".env": "A=1\n", ".env.local": "A=2\n", ".env.dollar": "A=$HOME\n",
}

// withScript is the tools and a package.json with these scripts: name, script, ...
func withScript(scripts ...string) map[string]string {
	files := map[string]string{}
	for n, s := range tools {
		files[n] = s
	}
	m := map[string]string{}
	for i := 0; i < len(scripts); i += 2 {
		m[scripts[i]] = scripts[i+1]
	}
	b, err := json.Marshal(map[string]any{"name": "thing", "version": "1.2.3", "main": "main.js", "scripts": m, "config": map[string]any{"port": 8080}})
	if err != nil {
		panic(err)
	}
	files["package.json"] = string(b)
	return files
}

// split is a command line of the user's.
func split(t *testing.T, line string) []string {
	t.Helper()
	tokens, err := lex(line)
	if err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	var args []string
	for _, tok := range tokens {
		args = append(args, tok.val)
	}
	return args
}

// planned is a plan in one line: environment, command, and the steps after #.
func planned(p Plan) string {
	env := slices.DeleteFunc(slices.Clone(p.Env), func(kv string) bool { return strings.HasPrefix(kv, "npm_") })
	text := strings.Join(append(env, p.Args...), " ")
	for _, s := range p.Steps {
		text += " # "
		run := strings.TrimPrefix(strings.Join(s.Args, " "), "sh -c ")
		if s.Mark > 0 {
			run = strings.Replace(run, fmt.Sprintf("command echo $? >&%d", s.Mark), fmt.Sprintf("MARK%d", s.Mark), 1)
		}
		text += run
	}
	return text
}

// isAccepted checks that a line to use works as far as Resolve can see: the
// command in it is taken, and it is no launcher any more.
func isAccepted(t *testing.T, line string, w World) {
	t.Helper()
	i := strings.LastIndex(line, "muster run ")
	if i < 0 {
		t.Errorf("the line %q has no muster run", line)
		return
	}
	tokens, err := lex(line[i:])
	if err != nil {
		t.Errorf("the line %q cannot be read: %v", line, err)
		return
	}
	var args []string
	for _, tok := range tokens {
		if tok.op != "" {
			t.Errorf("the line %q has the operator %s", line, tok.op)
		}
		args = append(args, tok.val)
	}
	at := slices.Index(args, "--")
	if at < 0 || at+1 == len(args) || args[at+1] == "COMMAND" {
		return
	}
	if slices.Contains(args[:at], "--cwd") {
		return // another directory
	}
	if _, err := Resolve(args[at+1:], w); err != nil {
		t.Errorf("the line %q does not work either: %v", line, err)
	}
}

// What is typed is run as it is, without a launcher, or refused with the line to
// use.
func TestResolve(t *testing.T) {
	files := withScript("start", "node server.js", "dev", "nodemon app.js", "ts", "tsx app.ts", "both", "node a.js & node b.js", "env", "PORT=1 node x.js", "x", "cross-env A=1 node server.js")
	for in, want := range map[string]string{
		"node server.js": "node server.js",
		"node --max-old-space-size=512 server.js": "node --max-old-space-size=512 server.js",
		"/opt/bin/node x.js":                      "/opt/bin/node x.js",
		"./app.js":                                "./app.js",
		"env A=1 node x.js":                       "env A=1 node x.js",
		"node x.js --watch":                       "node x.js --watch",
		"node x.js npm start":                     "node x.js npm start",
		"time node x.js":                          "time node x.js",
		"npm start":                               "sh -c exec node server.js",
		"npm run start":                           "sh -c exec node server.js",
		"npm -s run -q start":                     "sh -c exec node server.js",
		"npm start -- --port 1":                   "sh -c exec node server.js --port 1",
		"npm start -- 'a b'":                      "sh -c exec node server.js 'a b'",
		"npm run both":                            "sh -c node a.js & node b.js",
		"npm run env":                             "sh -c PORT=1 exec node x.js",
		"npm run x":                               "sh -c export A=1 && exec node server.js",
		"npm run nope":                            `! no script "nope"; it has: both, dev, env, start, ts, x`,
		"npm run ts":                              "! use: muster run -- node --import tsx app.ts",
		"npm run dev":                             "! use: muster run -- node app.js",
		"npm":                                     "! which script",
		"npm install":                             "! npm install is not",
		"npm --prefix web start":                  "! use: muster run --cwd web -- npm start",
		"npm exec tsx app.ts":                     "! node --import tsx app.ts",
		"npx tsx app.ts":                          "! use: muster run -- node --import tsx app.ts",
		"npx serve .":                             "! use: muster run -- node node_modules/.bin/serve .",
		"npx shim":                                "! use: muster run -- node_modules/.bin/shim",
		"npx -y other@2 x":                        "! use: npm install other@2 && muster run -- node node_modules/.bin/other x",
		"npx nodemon x.js":                        "! use: muster run -- node x.js",
		"npx cross-env A=1 node x.js":             "A=1 node x.js",
		"tsx app.ts":                              "! use: muster run -- node --import tsx app.ts",
		"tsx watch --tsconfig t.json app.ts":      "! use: muster run -- env TSX_TSCONFIG_PATH=t.json node --import tsx app.ts",
		"ts-node app.ts":                          "! use: muster run -- node --require ts-node/register app.ts",
		"ts-node -T -P c.json -r dotenv/config a.ts": "! env TS_NODE_TRANSPILE_ONLY=true TS_NODE_PROJECT=c.json node --require ts-node/register -r dotenv/config a.ts",
		"node node_modules/.bin/tsx app.ts":          "! use: muster run -- node --import tsx app.ts",
		"node ./node_modules/tsx/dist/cli.mjs a.ts":  "! use: muster run -- node --import tsx a.ts",
		"./node_modules/.bin/nodemon -w src x.js":    "! use: muster run -- node x.js",
		"nodemon": "! use: muster run -- node main.js",
		"nodemon -w src -e js,ts --inspect a.js b":  "! use: muster run -- node --inspect a.js b",
		"nodemon --exec 'ts-node -T' src/a.ts":      "! use: muster run -- env TS_NODE_TRANSPILE_ONLY=true node --require ts-node/register src/a.ts",
		"nodemon -x 'npm run x'":                    "! use: muster run -- env A=1 node server.js",
		"yarn start":                                "! use: muster run -- npm run start",
		"yarn dev":                                  "! use: muster run -- node app.js",
		"yarn serve .":                              "! use: muster run -- node node_modules/.bin/serve .",
		"pnpm run x a":                              "! use: muster run -- npm run x -- a",
		"bun app.ts":                                "! use: muster run -- node app.ts",
		"pm2 start app.js":                          "! use: muster run -- node app.js",
		"pm2-runtime start app.js -i 4 -- --port 1": "! use: muster run --workers 4 -- node app.js --port 1",
		"pm2 start ecosystem.config.js":             "! use: muster run -- node SCRIPT",
		"pm2 start npm -- start":                    "! use: muster run -- npm start",
		"forever start app.js":                      "! use: muster run -- node app.js",
		"tsx":                                       "! node --import tsx SCRIPT",
		"":                                          "! no command",
		"node --watch server.js":                    "! use: muster run -- node server.js",
		"node --watch-path=./src -r ./x server.js":   "! use: muster run -- node -r ./x server.js",
		"node --watch-path ./src server.js":          "! use: muster run -- node server.js",
		"node --run start":                           "sh -c exec node server.js",
		"node --run=start -- --port 1":               "sh -c exec node server.js --port 1",
		"node --run dev":                             "! use: muster run -- node app.js",
		"cross-env A=1 B=2 node x.js y":              "A=1 B=2 node x.js y",
		"cross-env 'A=x y' -- node x.js":             "A=x y node x.js",
		`cross-env A='"x"' node x.js`:                "A=x node x.js",
		"cross-env A='$HOME/x' node x.js":            `sh -c export A="${HOME}"/x && exec node x.js`,
		"cross-env A=1 npm start":                    "sh -c export A=1 && exec node server.js",
		"cross-env A=1 cross-env B=2 node x.js":      "A=1 B=2 node x.js",
		"cross-env A=1 nodemon x.js":                 "! use: muster run -- env A=1 node x.js",
		"cross-env A=1":                              "! starts no program",
		"cross-env-shell A=1 'echo $A && node x.js'": "sh -c export A=1 && echo $A && exec node x.js",
		"nice -n 5 cross-env A=1 node x.js":          "nice -n 5 sh -c export A=1 && exec node x.js",
		"env B=1 nodemon x.js":                       "! use: muster run -- env B=1 node x.js",
		"dotenv -- node x.js":                        "! use: muster run -- node --env-file=.env x.js",
		"dotenv -e .env.local -e .env node x.js":     "! use: muster run -- node --env-file=.env --env-file=.env.local x.js",
		"dotenv -c -- node x.js":                     "! use: muster run -- node --env-file=.env --env-file=.env.local x.js",
		"dotenv -e .env.dollar -- node x.js":         "! use: npx dotenv -e .env.dollar -- muster run -- node x.js",
		"dotenv -e missing -- node x.js":             "! use: muster run -- node x.js",
		"dotenv -v A=1 -- node x.js":                 "! use: npx dotenv -v A=1 -- muster run -- node x.js",
		"dotenv -- npm start":                        "! use: muster run -- node --env-file=.env server.js",
		"env-cmd node x.js":                          "! use: muster run -- node --env-file=.env x.js",
		"env-cmd -f .env.local node x.js":            "! use: muster run -- node --env-file=.env.local x.js",
		"env-cmd -e production node x.js":            "! use: node_modules/.bin/env-cmd -e production -- muster run -- node x.js",
		"dotenvx run -f .env -- node x.js":           "! use: muster run -- node --env-file=.env x.js",
		"concurrently 'tsc -w' 'node x.js'":          "! use: muster run -- node x.js",
		"run-p ts x":                                 "! use: muster run -- env A=1 node server.js",
		"nx serve api":                               "! use: muster run -- node SCRIPT",
		"sh -c 'exec node app.js'":                   "sh -c exec node app.js",
		"sh -c 'A=1 node app.js; exit $?'":           "sh -c A=1 node app.js; exit $?",
		"sh -c 'cd x && exec node app.js'":           "sh -c cd x && exec node app.js",
		"sh -c '$NODE app.js'":                       "sh -c $NODE app.js",
		"sh -c 'cross-env A=1 node x.js'":            "A=1 node x.js",
		"sh -c 'npm start'":                          "sh -c exec node server.js",
		"bash -ec 'npm run build && node x.js' a b":  "bash -ec exec node x.js a b # bash -ec npm run build && MARK9 a b",
		"env A=1 sh -c 'npm i && node x.js'":         "env A=1 node x.js # env A=1 sh -c npm i && MARK9",
		"sh -c 'if true; then npm run dev; fi'":      "! use: muster run -- node app.js",
		"sh -c 'while read x; do nodemon $x; done'":  "! use: muster run -- node $x",
		"sh -c \"cat <<E | npx x\"":                  "! use: muster run -- node SCRIPT",
	} {
		w := world(files)
		got, err := Resolve(split(t, in), w)
		if says, ok := strings.CutPrefix(want, "! "); ok {
			var wrong *Error
			switch {
			case !errors.As(err, &wrong) || !strings.Contains(err.Error()+"$", says) && !strings.Contains(err.Error(), says):
				t.Errorf("%s: error %v, plan %q, want an error with %q", in, err, planned(got), says)
			case strings.HasPrefix(says, "use: ") && "use: "+wrong.Instead != says:
				t.Errorf("%s: use %q, want %q", in, wrong.Instead, says)
			case wrong.Instead != "":
				isAccepted(t, wrong.Instead, w)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", in, err)
			continue
		}
		if planned(got) != want {
			t.Errorf("%s: %s, want %s", in, planned(got), want)
		}
	}
}

// The same for a script of package.json.
func TestResolveScript(t *testing.T) {
	for in, want := range map[string]string{
		"node server.js":                             "exec node server.js",
		"NODE_ENV=production node server.js":         "NODE_ENV=production exec node server.js",
		"exec node server.js":                        "exec node server.js",
		"node server.js > out.log 2>&1":              "exec node server.js > out.log 2>&1",
		"node 'my app.js' \"$X\"":                    "exec node 'my app.js' \"$X\"",
		"next start":                                 "exec next start",
		"cd dist && node x.js":                       "cd dist && exec node x.js",
		"export A=1; ulimit -n 4096; node x.js":      "export A=1; ulimit -n 4096; exec node x.js",
		"set -a; . ./.env; node x.js":                "set -a; . ./.env; exec node x.js",
		"[ -f .env ] && . ./.env; node x.js":         "[ -f .env ] && . ./.env; exec node x.js",
		"echo starting && node x.js":                 "echo starting && exec node x.js",
		"cross-env NODE_ENV=production node x.js":    "export NODE_ENV=production && exec node x.js",
		"cross-env PORT=$PORT node x.js":             `export PORT="$PORT" && exec node x.js`,
		`cross-env A="x $B" C=\"q\" node x.js`:       `export A="x $B" C=q && exec node x.js`,
		"B=2 cross-env A=1 node x.js":                "export B=2 && export A=1 && exec node x.js",
		"cd dist && cross-env A=1 node x.js":         "cd dist && export A=1 && exec node x.js",
		"cross-env-shell \"npm run other\"":          "exec node other.js",
		"npm run other":                              "exec node other.js",
		"A=1 npm run other":                          "A=1 exec node other.js",
		"npm run other -- --port $PORT":              "exec node other.js --port $PORT",
		"npm run other > log":                        "exec node other.js > log",
		"npm run deep":                               "cd sub && export Z=1 && exec node deep.js",
		"npm run withpre":                            "exec node w.js # tsc -p .",
		"A=1 npm run withpre":                        "export A=1 && exec node w.js # export A=1 && tsc -p .",
		"npm run --ignore-scripts withpre":           "exec node w.js",
		"node --run withpre":                         "exec node w.js",
		"npm run build && node x.js":                 "exec node x.js # npm run build && MARK9",
		"tsc && next start":                          "exec next start # tsc && MARK9",
		"tsc && shim":                                "exec shim # tsc && MARK9",
		"npm run build && npm run withpre":           "exec node w.js # npm run build && MARK9 # tsc -p .",
		"cd a && npm run build && cd b && node x.js": "cd a && cd b && exec node x.js # cd a && npm run build && cd b && MARK9",
		"export A=1; npm run build; node x.js":       "export A=1; exec node x.js # export A=1; npm run build; MARK9",
		"set -e; npm run build; node x.js":           "set -e; exec node x.js # set -e; npm run build; MARK9",
		"test -d dist || npm run build; node x.js":   "exec node x.js # test -d dist || npm run build; MARK9",
		"(cd web && npm run build) && node x.js":     "exec node x.js # (cd web && npm run build) && MARK9",
		"if [ -f a ]; then npm run b; fi; node x.js": "exec node x.js # if [ -f a ]; then npm run b; fi; MARK9",
		"run-s build other":                          "exec node other.js # run-s build",
		"npm-run-all build lint other":               "exec node other.js # npm-run-all -s build lint",
		"node x.js | next log":                       "node x.js | (" + noChannel + "next log) 3<&-",
		"cross-env A=1 node x.js | cat":              "export A=1 && node x.js | (" + noChannel + "cat) 3<&-",
		"node a.js & node b.js":                      "node a.js & node b.js",
		"node a.js || true":                          "node a.js || true",
		"node a.js; rm -f pid":                       "node a.js; rm -f pid",
		"node a.js && echo bye":                      "node a.js && echo bye",
		"for i in 1 2; do node $i.js; done":          "for i in 1 2; do node $i.js; done",
		"$NODE x.js":                                 "exec $NODE x.js",
		"${NODE:-node} x.js":                         "exec ${NODE:-node} x.js",
		"${OTHER:-node} x.js":                        "exec ${OTHER:-node} x.js",
		"$npm_execpath run other":                    "exec node other.js",

		// What may end the script before its last command.
		"sh c.sh || exit 1; node x.js":                "exec node x.js # sh c.sh || exit 1; MARK9",
		"sh c.sh || { echo no; exit 1; }; node x.js":  "exec node x.js # sh c.sh || { echo no; exit 1; }; MARK9",
		"set -o errexit; sh c.sh; node x.js":          "set -o errexit; exec node x.js # set -o errexit; sh c.sh; MARK9",
		"sh b.sh && exit 0; node x.js":                "exec node x.js # sh b.sh && exit 0; MARK9",
		"[ -f dist/x.js ] || exit 1; node x.js":       "exec node x.js # [ -f dist/x.js ] || exit 1; MARK9",
		"cd dist || exit 1; node x.js":                "cd dist || exit 1; exec node x.js",
		"cd dist || exit 1; npm run build; node x.js": "cd dist || exit 1; exec node x.js # cd dist || exit 1; npm run build; MARK9",
		"sh c.sh || exit 1; cd dist; node x.js":       "cd dist; exec node x.js # sh c.sh || exit 1; cd dist; MARK9",
		"exec 9>lock; flock 9; node x.js":             "exec 9>lock; exec node x.js # exec 9>lock; flock 9; MARK8",
		"npm run build # tsc\nnode x.js":              "exec node x.js # npm run build; MARK9",
		"bash -ec 'npm run build; node x.js'":         "exec bash -ec 'exec node x.js' # bash -ec npm run build; MARK9",
		// What belongs to the shell stays in it.
		"exec 2>&1; node x.js":                          "exec 2>&1; exec node x.js",
		"exec >>app.log 2>&1; node x.js":                "exec >>app.log 2>&1; exec node x.js",
		"exec 2>&1; npm run build; node x.js":           "exec 2>&1; exec node x.js # exec 2>&1; npm run build; MARK9",
		"trap \"rm -f pid\" EXIT; node x.js":            "trap \"rm -f pid\" EXIT; node x.js",
		"trap x EXIT; npm run other":                    "trap x EXIT; node other.js",
		". ./fn.sh && start app.js":                     ". ./fn.sh && start app.js",
		". ./fn.sh && ./start app.js":                   ". ./fn.sh && exec ./start app.js",
		"start() { node $1; }; start app.js":            "start() { node $1; }; start app.js",
		"node() { command node -r x $1; }; node app.js": "node() { command node -r x $1; }; node app.js",
		"f()\n{ npm i; }\nf\nnode app.js":               "f()\n{ npm i; }; node app.js # f()\n{ npm i; }; f; MARK9",
		"[ -f .env ] && . ./.env; npm i; node x.js":     "[ -f .env ] && . ./.env; exec node x.js # [ -f .env ] && . ./.env; npm i; MARK9",
		"eval $(x) && npm i && node x.js":               "eval $(x) && exec node x.js # eval $(x) && npm i && MARK9",
		". ./fn.sh && npm i && start app.js":            "! npm takes the workers' channel",
		"sh c.sh || exit 1; nodemon x.js":               "! use: npm exec -c 'sh c.sh || exit 1' && muster run -- node x.js",
		"npm i || exit 1; nodemon x.js":                 "! use: sh -c 'npm i || exit 1' && muster run -- node x.js",

		"$WHAT x.js":                                               "! use: muster run -- sh -c 'exec $WHAT x.js'",
		"npm run build && nodemon dist/x.js":                       "! use: npm run build && muster run -- node dist/x.js",
		"tsc && nodemon dist/x.js":                                 "! use: npm exec -c tsc && muster run -- node dist/x.js",
		"npm run build && ./start.sh":                              "! use: npm run build && muster run -- ./start.sh",
		"npm run loop":                                             "! run each other in a circle: start -> loop -> start",
		"npm run start":                                            "! in a circle: start -> start",
		"npm run other & nodemon x.js":                             "! use: muster run -- node x.js",
		"npm run other || true":                                    "! use: muster run -- node other.js",
		"yarn other":                                               "! use: muster run -- npm run other",
		"pnpm run build && pnpm other":                             "! use: pnpm run build && muster run -- npm run other",
		"node --watch server.js":                                   "! use: muster run -- node server.js",
		"NODE_ENV=dev node --watch server.js":                      "! use: muster run -- env NODE_ENV=dev node server.js",
		"npx nodemon --exec next start":                            "! use: muster run -- node_modules/.bin/next start",
		"dotenv -e .env -- next start":                             "! use: npx dotenv -e .env -- muster run -- node_modules/.bin/next start",
		"cd dist && nodemon x.js":                                  "! use: muster run -- sh -c 'cd dist && exec node x.js'",
		"concurrently \"npm:other\" \"tsc -w\"":                    "! use: muster run -- node other.js",
		"nodemon x.js > log":                                       "! use: muster run -- sh -c 'exec node x.js > log'",
		"NODE_OPTIONS=--watch node x.js":                           "! use: muster run -- node x.js",
		"cross-env NODE_OPTIONS='--watch --no-warnings' node x.js": "! use: muster run -- env NODE_OPTIONS=--no-warnings node x.js",
		"env A=1 NODE_OPTIONS=--watch node x.js":                   "! use: muster run -- env A=1 node x.js",
	} {
		files := withScript("start", in, "other", "node other.js", "build", "tsc", "lint", "tsc", "loop", "npm start",
			"deep", "cd sub && cross-env Z=1 node deep.js", "prewithpre", "tsc -p .", "withpre", "node w.js")
		w := world(files, "NODE=/opt/node")
		got, err := Resolve([]string{"npm", "start"}, w)
		if says, ok := strings.CutPrefix(want, "! "); ok {
			var wrong *Error
			switch {
			case !errors.As(err, &wrong) || !strings.Contains(err.Error(), says):
				t.Errorf("%s: error %v, plan %q, want an error with %q", in, err, planned(got), says)
			case strings.HasPrefix(says, "use: ") && "use: "+wrong.Instead != says:
				t.Errorf("%s: use %q, want %q", in, wrong.Instead, says)
			case wrong.Instead != "":
				isAccepted(t, wrong.Instead, w)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", in, err)
			continue
		}
		if s := strings.TrimPrefix(planned(got), "sh -c "); s != want || got.Path != "/app/node_modules/.bin" {
			t.Errorf("%s: %s, PATH %s; want %s", in, s, got.Path, want)
		}
	}
}

func TestResolveWithoutPackageJSON(t *testing.T) {
	_, err := Resolve([]string{"npm", "start"}, world(nil))
	var e *Error
	if !errors.As(err, &e) || e.Instead == "" {
		t.Errorf("error %v, want an *Error with a way out", err)
	}
}

func TestNpmStartDefaultsToServerJS(t *testing.T) {
	p, err := Resolve([]string{"npm", "start"}, world(map[string]string{"package.json": `{}`, "server.js": ""}))
	if err != nil || p.Args[2] != "exec node server.js" {
		t.Errorf("%v, %v", p, err)
	}
}

// A script sees what npm would tell it of its package.
func TestScriptHasThePackagesVariables(t *testing.T) {
	p, err := Resolve([]string{"npm", "start"}, world(withScript("start", "node x.js $npm_package_config_port")))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"npm_package_json=/app/package.json", "npm_package_name=thing", "npm_package_version=1.2.3", "npm_lifecycle_event=start", "npm_package_config_port=8080"}
	if !slices.Equal(p.Env, want) {
		t.Errorf("%q, want %q", p.Env, want)
	}
}

// pre runs, post does not; the note says what runs once.
func TestPrestartRunsOnce(t *testing.T) {
	p, err := Resolve([]string{"npm", "start"}, world(withScript("prestart", "npm run build", "build", "tsc", "start", "node x.js", "poststart", "echo never")))
	if err != nil || planned(p) != "sh -c exec node x.js # npm run build" {
		t.Errorf("%s, %v", planned(p), err)
	}
	if !strings.Contains(p.Note, "; run once, before the workers: npm run build") {
		t.Errorf("the note is %q", p.Note)
	}
}

// NODE_OPTIONS may make every node one that watches.
func TestWatchInNodeOptionsIsRefused(t *testing.T) {
	w := world(nil, "NODE_OPTIONS=--max-old-space-size=99 --watch-path=src")
	_, err := Resolve([]string{"node", "x.js"}, w)
	var e *Error
	if !errors.As(err, &e) || e.Instead != "NODE_OPTIONS=--max-old-space-size=99 muster run -- node x.js" {
		t.Errorf("error %v", err)
	}
}

// The line to use depends on what the node in PATH can do.
func TestLinesForAnOlderNode(t *testing.T) {
	w := world(withScript())
	w.Node = func() (int, int) { return 18, 12 }
	for in, want := range map[string]string{
		"tsx a.ts":            "muster run -- node --loader tsx a.ts",
		"dotenv -- node x.js": "npx dotenv -- muster run -- node x.js",
	} {
		_, err := Resolve(split(t, in), w)
		var e *Error
		if !errors.As(err, &e) || e.Instead != want {
			t.Errorf("%s: error %v, want %q", in, err, want)
		}
	}
}

// A launcher that is not installed here has to be, first.
func TestLineInstallsWhatIsMissing(t *testing.T) {
	_, err := Resolve([]string{"tsx", "a.ts"}, world(nil))
	var e *Error
	if !errors.As(err, &e) || e.Instead != "npm install tsx && muster run -- node --import tsx a.ts" {
		t.Errorf("error %v", err)
	}
}

func TestPackageJSONAboveIsNamed(t *testing.T) {
	w := world(nil)
	read := w.Read
	w.Dir = "/app/src"
	w.Read = func(name string) ([]byte, error) {
		if name == "/app/package.json" {
			return []byte("{}"), nil
		}
		return read(name)
	}
	_, err := Resolve([]string{"npm", "start"}, w)
	var e *Error
	if !errors.As(err, &e) || e.Instead != "muster run --cwd /app -- npm start" {
		t.Errorf("error %v", err)
	}
}

func TestQuoteAll(t *testing.T) {
	if got, want := quoteAll([]string{"node", "my app.js", "it's", ""}), `node 'my app.js' 'it'\''s' ''`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// Whatever a script says, it is run or refused, and the line to use is taken.
func FuzzResolve(f *testing.F) {
	for _, s := range []string{"npm run build && cross-env A=1 node x | cat", "sh -c 'if a; then nodemon b; fi'", "dotenv -e .env -- npm run other", "node --watch --run x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		w := world(withScript("start", s, "other", "node o.js"))
		_, err := Resolve([]string{"npm", "start"}, w)
		var e *Error
		if errors.As(err, &e) && e.Instead != "" && !strings.Contains(e.Instead, "--cwd") {
			i := strings.LastIndex(e.Instead, "muster run ")
			if i < 0 {
				t.Errorf("%q: use %q", s, e.Instead)
			}
		}
	})
}
