package secret

import (
	"slices"
	"testing"
)

// A list of what looks like a secret has to miss some: MYSQL_PWD, JWT and
// WEBHOOK_URL were shown.
func TestAListOfSecretNamesMissedSome(t *testing.T) {
	for kv, want := range map[string]string{
		"MYSQL_PWD=hunter2": "MYSQL_PWD=***", "JWT=a.b.c": "JWT=***", "GH_PAT=x": "GH_PAT=***", "DB_PW=x": "DB_PW=***",
		"WEBHOOK_URL=https://h/T0/B0/x": "WEBHOOK_URL=***", "anything=1": "anything=***", "NODE_OPTIONS=-r ./a": "NODE_OPTIONS=***",
		"MUSTER_WORKER=1.2": "MUSTER_WORKER=***", "path=/bin": "path=***",
		"PATH=/bin": "PATH=/bin", "LC_ALL=C": "LC_ALL=C", "NODE_ENV=production": "NODE_ENV=production", "PORT=3000": "PORT=3000",
		"HOST=user:hunter2@h": "HOST=***", "ODD": "ODD", "EMPTY=": "EMPTY=",
	} {
		if got := Env(kv); got != want {
			t.Errorf("Env(%q) = %q, want %q", kv, got, want)
		}
	}
}

func TestACommandLineShowedItsSecrets(t *testing.T) {
	for text, want := range map[string]string{
		"node server.js --token=hunter2":                     "node server.js --token=***",
		`node a.js --name="hunter2 x" b`:                     "node a.js --name=*** b",
		"node a.js --api-key hunter2 --port 3000":            "node a.js --api-key *** --port 3000",
		"node a.js --port=3000 --config=a.json":              "node a.js --port=3000 --config=a.json",
		"node a.js --password --verbose":                     "node a.js --password --verbose",
		"A=hunter2 NODE_ENV=test node a.js":                  "A=*** NODE_ENV=test node a.js",
		"sh -c 'export A=hunter2; exec node a.js'":           "sh -c 'export A=***; exec node a.js'",
		"node a.js postgres://u:hunter2@h:5/db?x=hunter2 b":  "node a.js postgres://***@h:5/db?*** b",
		"node a.js http://127.0.0.1:3000/page":               "node a.js http://127.0.0.1:3000/page",
		`curl -H "Authorization: Bearer hunter2"`:            `curl -H "Authorization: Bearer ***"`,
		"node --max-old-space-size=512 --inspect=9230 x.mjs": "node --max-old-space-size=512 --inspect=9230 x.mjs",
		"muster (built-in worker)":                           "muster (built-in worker)",
		"--host=u:hunter2@h":                                 "--host=***",
	} {
		if got := Text(text); got != want {
			t.Errorf("Text(%q) =\n%q, want\n%q", text, got, want)
		}
	}
	got := Args([]string{"--token", "hunter2", "--verbose", "a.js", "--pw=hunter2", "-key", "-x"})
	if want := []string{"--token", "***", "--verbose", "a.js", "--pw=***", "-key", "-x"}; !slices.Equal(got, want) {
		t.Errorf("Args: %q, want %q", got, want)
	}
}
