package engine

import (
	"bytes"
	"encoding/json"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"muster/internal/wireword"
)

func wireDoc(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile("../docs/wire.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// Each example of docs/wire.md is read, and written again as it stands.
func TestWireDocExamples(t *testing.T) {
	types := map[string]any{
		"snapshot": new(Snapshot), "row": new(Row), "traffic": new(Traffic), "event": new(Event),
		"command": new(Command), "result": new(Result), "error": new(WireError),
	}
	for _, m := range regexp.MustCompile("(?s)```json (\\w+)\n(.*?)```").FindAllStringSubmatch(wireDoc(t), -1) {
		name, text := m[1], strings.TrimSpace(m[2])
		v := types[name]
		if v == nil {
			t.Errorf("an example of %q: of which type is it?", name)
			continue
		}
		delete(types, name)
		if err := json.Unmarshal([]byte(text), v); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		b, err := plainJSON(v)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var again bytes.Buffer
		if err := json.Indent(&again, b, "", " "); err != nil || again.String() != text {
			t.Errorf("%s is written as\n%s\n%v", name, again.String(), err)
		}
		if name == "event" || name == "command" || name == "result" || name == "error" {
			continue // fields of other kinds
		}
		var have map[string]json.RawMessage
		if err := json.Unmarshal([]byte(text), &have); err != nil {
			t.Fatal(err)
		}
		for _, field := range jsonNames(reflect.TypeOf(v).Elem()) {
			if _, ok := have[field]; !ok && field != "traffic" {
				t.Errorf("the example of %s has no %s", name, field)
			}
		}
	}
	for name := range types {
		t.Errorf("no example of %s", name)
	}
}

// jsonNames are the names of a type's own fields.
func jsonNames(typ reflect.Type) []string {
	var names []string
	for i := range typ.NumField() {
		name, _, _ := strings.Cut(typ.Field(i).Tag.Get("json"), ",")
		if name != "" && name != "-" {
			names = append(names, name)
		}
	}
	return names
}

// Every field, operation and code there is stands in docs/wire.md.
func TestWireDocNamesAll(t *testing.T) {
	doc := wireDoc(t)
	types := []reflect.Type{
		reflect.TypeFor[Snapshot](), reflect.TypeFor[Row](), reflect.TypeFor[Next](), reflect.TypeFor[Address](), reflect.TypeFor[Settings](),
		reflect.TypeFor[Traffic](), reflect.TypeFor[TrafficConn](), reflect.TypeFor[TrafficHop](), reflect.TypeFor[TrafficRate](),
		reflect.TypeFor[Details](), reflect.TypeFor[Orphan](), reflect.TypeFor[eventJSON](), reflect.TypeFor[commandJSON](),
		reflect.TypeFor[resultJSON](), reflect.TypeFor[latencyJSON](), reflect.TypeFor[wireError](),
	}
	var names []string
	for _, g := range goldenEvents {
		names = append(names, string(g.event.Kind))
		if g.event.Detail != nil {
			types = append(types, reflect.TypeOf(g.event.Detail))
		}
	}
	for _, typ := range types {
		names = append(names, jsonNames(typ)...)
	}
	for op := range ops {
		names = append(names, string(op))
	}
	for _, c := range codes {
		names = append(names, c.code)
	}
	if len(names) < 150 {
		t.Fatalf("%d names only", len(names))
	}
	for _, name := range names {
		if !strings.Contains(doc, "`"+name+"`") && !strings.Contains(doc, `"`+name+`"`) {
			t.Errorf("docs/wire.md does not say what %s is", name)
		}
	}
}

// The words that the screen tells apart are documented.
func TestWireDocWords(t *testing.T) {
	doc := strings.ReplaceAll(wireDoc(t), "\n", " ")
	for _, word := range []string{
		wireword.ByKey, wireword.HopRefused, wireword.HopLost, wireword.HopDied, wireword.HopLeft, wireword.HopUsed,
		wireword.WaitedNobody, wireword.WaitedFull, wireword.WaitedRefused, wireword.WaitedSilent,
		string(ByAPI), string(BySupervisor), string(ByOutside),
	} {
		if !strings.Contains(doc, "`"+word+"`") {
			t.Errorf("docs/wire.md does not have %q", word)
		}
	}
}
