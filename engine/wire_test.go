package engine

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"

	"muster/internal/wireword"
)

// filler gives every exported field of a value something that is not zero, and
// not what another field of its type has. So a field that is added later is
// tested as well.
type filler struct{ n int }

func (f *filler) next() int { f.n++; return f.n }

func (f *filler) fill(t *testing.T, v reflect.Value) {
	t.Helper()
	n := f.next()
	switch v.Interface().(type) {
	case time.Time:
		v.Set(reflect.ValueOf(at.Add(time.Duration(n) * time.Millisecond)))
		return
	case netip.AddrPort:
		v.Set(reflect.ValueOf(netip.AddrPortFrom(fromTest.Addr(), uint16(n))))
		return
	case json.RawMessage:
		v.SetBytes(fmt.Appendf(nil, `{"n":%d,"s":"<&>"}`, n))
		return
	case Policy:
		v.Set(reflect.ValueOf([]Policy{SchedNone, SchedRR}[n%2]))
		return
	case syscall.Signal:
		v.Set(reflect.ValueOf([]syscall.Signal{syscall.SIGKILL, syscall.SIGHUP, 41}[n%3]))
		return
	case Op:
		v.Set(reflect.ValueOf(OpSend))
		return
	case *Handle: // has no form: see TestCommandWithAHandleStaysHere
		return
	case *Latency:
		var l Latency
		for i := range 50 {
			l.record(time.Duration(n*(i+1)) * 137 * time.Microsecond)
		}
		v.Set(reflect.ValueOf(&l))
		return
	}
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(n))
	case reflect.Uint64:
		v.SetUint(1<<63 + uint64(n)) // more than a float64 holds
	case reflect.Float64:
		v.SetFloat(float64(n) + 0.1)
	case reflect.String:
		v.SetString(fmt.Sprintf("text %d <世>\n", n))
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		f.fill(t, v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		f.fill(t, v.Index(0))
		f.fill(t, v.Index(1))
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				f.fill(t, v.Field(i))
			}
		}
	default:
		t.Fatalf("a %v: say how it is filled and what it is in JSON", v.Type())
	}
}

// differences are the fields in which two values differ.
func differences(path string, a, b reflect.Value) []string {
	if x, ok := a.Interface().(time.Time); ok {
		if y := b.Interface().(time.Time); !x.Equal(y) {
			return []string{fmt.Sprintf("%s: %v, want %v", path, y, x)}
		}
		return nil
	}
	switch {
	case a.Kind() == reflect.Pointer && !a.IsNil() && !b.IsNil() && a.Type() != reflect.TypeFor[*Latency]():
		return differences(path, a.Elem(), b.Elem())
	case a.Kind() == reflect.Slice && a.Len() == b.Len() && a.IsNil() == b.IsNil():
		var all []string
		for i := range a.Len() {
			all = append(all, differences(fmt.Sprintf("%s[%d]", path, i), a.Index(i), b.Index(i))...)
		}
		return all
	case a.Kind() == reflect.Struct && a.Type() != reflect.TypeFor[netip.AddrPort]():
		var all []string
		for i := range a.NumField() {
			if f := a.Type().Field(i); f.IsExported() {
				all = append(all, differences(path+"."+f.Name, a.Field(i), b.Field(i))...)
			}
		}
		return all
	case !reflect.DeepEqual(a.Interface(), b.Interface()):
		return []string{fmt.Sprintf("%s: %v, want %v", path, b.Interface(), a.Interface())}
	}
	return nil
}

// wireValues are a pointer to a filled value of each type that has a form.
func wireValues(t *testing.T) map[string]any {
	all := map[string]any{
		"snapshot": new(Snapshot), "row": new(Row), "command": new(Command), "result": new(Result), "details": new(Details),
		"traffic": new(Traffic), "settings": new(Settings), "error": new(WireError), "address": new(Address),
	}
	f := &filler{}
	for _, v := range all {
		f.fill(t, reflect.ValueOf(v).Elem())
	}
	for _, g := range goldenEvents {
		if g.event.Detail == nil {
			continue
		}
		d := reflect.New(reflect.TypeOf(g.event.Detail))
		f.fill(t, d.Elem())
		all["event "+string(g.event.Kind)] = &Event{Seq: 7, Time: at, Kind: g.event.Kind, Worker: 3, Slot: 2, PID: 70, Call: "call", By: wireword.ByKey,
			Detail: d.Elem().Interface().(Detail)}
	}
	all["event of the future"] = &Event{Seq: 7, Time: at, Kind: "moon", By: ByOutside, Detail: OtherDetail{"moon", json.RawMessage(`{"full":true}`)}}
	return all
}

// Whatever leaves the process comes out of its JSON form as it went in.
func TestWireKeepsEveryField(t *testing.T) {
	for name, v := range wireValues(t) {
		t.Run(name, func(t *testing.T) {
			b, err := plainJSON(v)
			if err != nil {
				t.Fatal(err)
			}
			back := reflect.New(reflect.TypeOf(v).Elem())
			if err := json.Unmarshal(b, back.Interface()); err != nil {
				t.Fatalf("%v of %s", err, b)
			}
			for _, d := range differences(name, reflect.ValueOf(v).Elem(), back.Elem()) {
				t.Error(d)
			}
			again, err := plainJSON(back.Interface())
			if err != nil || string(again) != string(b) {
				t.Errorf("%s\nbecame %s (%v)", b, again, err)
			}
		})
	}
}

// What is zero comes back as zero: a picture of a cluster that has just begun, say.
func TestWireKeepsZeroValues(t *testing.T) {
	for name, v := range wireValues(t) {
		zero := reflect.New(reflect.TypeOf(v).Elem())
		if c, ok := zero.Interface().(*Command); ok {
			c.Op = OpStop
		}
		b, err := json.Marshal(zero.Interface())
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		back := reflect.New(reflect.TypeOf(v).Elem())
		if err := json.Unmarshal(b, back.Interface()); err != nil {
			t.Errorf("%s: %v of %s", name, err, b)
			continue
		}
		for _, d := range differences(name, zero.Elem(), back.Elem()) {
			t.Error(d)
		}
	}
}

// The names are snake_case, except those of Node's own objects.
func TestWireNames(t *testing.T) {
	nodes := map[string]bool{"execArgv": true, "addressType": true}
	var look func(name string, v any)
	look = func(name string, v any) {
		switch v := v.(type) {
		case map[string]any:
			for key, inner := range v {
				if strings.ToLower(key) != key && !nodes[key] {
					t.Errorf("%s: field %q", name, key)
				}
				look(name, inner)
			}
		case []any:
			for _, inner := range v {
				look(name, inner)
			}
		}
	}
	for name, v := range wireValues(t) {
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		var plain any
		if err := json.Unmarshal(b, &plain); err != nil {
			t.Fatal(err)
		}
		look(name, plain)
	}
}

func TestLatencyOnTheWire(t *testing.T) {
	var l Latency
	for i := range 10_000 {
		l.record(time.Duration(i*i) * time.Microsecond / 7)
	}
	l.record(5 * time.Minute) // more than the last bucket holds
	b, err := json.Marshal(l)
	if err != nil {
		t.Fatal(err)
	}
	var back Latency
	if err := json.Unmarshal(b, &back); err != nil {
		t.Fatal(err)
	}
	for _, q := range []float64{0, 0.01, 0.5, 0.9, 0.99, 0.999, 1} {
		want, _ := l.Quantile(q)
		if got, ok := back.Quantile(q); !ok || got != want {
			t.Errorf("the quantile %v is %v, want %v", q, got, want)
		}
	}
	if back != l {
		t.Error("it is another one")
	}
	for name, in := range map[string]string{
		"a bucket there is not": `{"max_ns":1,"buckets":[[192,1]]}`,
		"too many":              `{"max_ns":1,"buckets":[[1,18446744073709551615],[2,1]]}`,
		"less than nothing":     `{"max_ns":-1,"buckets":[]}`,
		"not a number":          `{"max_ns":1,"buckets":[["a",1]]}`,
	} {
		kept := l
		if err := json.Unmarshal([]byte(in), &kept); err == nil || kept != l {
			t.Errorf("%s: error %v", name, err)
		}
	}
}
