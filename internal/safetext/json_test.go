package safetext

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestJSON(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"nothing", ``, ``},
		{"plain", `{"a":[1,"b\u001b"]}`, `{"a":[1,"b\u001b"]}`},
		{"layout stays", "{\n\t\"a\": 1\r\n}", "{\n\t\"a\": 1\r\n}"},
		{"DEL and C1", "\"\x7f\u0080\u009b\u009f\"", `"\u007f\u0080\u009b\u009f"`},
		{"bidi", "\"a\u202eb\u2066\u200f\u061c\"", `"a\u202eb\u2066\u200f\u061c"`},
		{"zero width", "\"\u200b\u200d\ufeff\u00ad\"", `"\u200b\u200d\ufeff\u00ad"`},
		{"separators", "\"\u2028\u2029\"", `"\u2028\u2029"`},
		{"tag, two units", "\"\U000e0041\"", `"\udb40\udc41"`},
		{"in a key", "{\"\u202e\":0}", `{"\u202e":0}`},
		{"invalid UTF-8", "\"a\xff\x9bb\"", `"a\ufffd\ufffdb"`},
		{"a replacement character stays", "\"\ufffd\"", "\"\ufffd\""},
		{"text stays", "\"配置 e\u0301 🚀\"", "\"配置 e\u0301 🚀\""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in := []byte(tt.in)
			got := JSON(in)
			if string(got) != tt.want {
				t.Errorf("JSON(%+q) = %+q, want %+q", tt.in, got, tt.want)
			}
			if string(in) != tt.in {
				t.Errorf("JSON changed its input to %+q", in)
			}
		})
	}
}

func TestJSONWithNothingToDoDoesNotAllocate(t *testing.T) {
	b := []byte(`{"v":1,"kind":"listening","text":"配置"}`)
	if n := testing.AllocsPerRun(100, func() { JSON(b) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzJSON(f *testing.F) {
	for _, tt := range hostile {
		b, err := json.Marshal(map[string]string{tt.in: tt.in})
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
		f.Add([]byte(`"` + strings.ReplaceAll(tt.in, `"`, "") + `"`))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		var want any
		if json.Unmarshal(in, &want) != nil {
			return // only valid JSON is promised anything
		}
		got := JSON(in)
		if !utf8.Valid(got) {
			t.Errorf("JSON(%+q) = %+q: not UTF-8", in, got)
		}
		if i := bytes.IndexFunc(got, func(r rune) bool { return r >= ' ' && forbidden(r) }); i >= 0 {
			t.Errorf("JSON(%+q) = %+q: hidden character at %d", in, got, i)
		}
		var have any
		if err := json.Unmarshal(got, &have); err != nil {
			t.Fatalf("JSON(%+q) = %+q: %v", in, got, err)
		}
		if !reflect.DeepEqual(want, have) {
			t.Errorf("JSON(%+q) = %+q: another value", in, got)
		}
	})
}
