package loadcmd

import (
	"io"
	"strings"
	"syscall"
	"testing"

	"muster/internal/load"
)

func TestParseControl(t *testing.T) {
	tests := []struct {
		line string
		want order
		said string
	}{
		{"rate 500", order{rate: 500}, ""},
		{" rate\t1 ", order{rate: 1}, ""},
		{"stop", order{quit: true}, ""},
		{"rate 0", order{}, "from 1 to 100000"},
		{"rate 100001", order{}, "from 1 to 100000"},
		{"rate", order{}, "no order"},
		{"rate 1 2", order{}, "no order"},
		{"stop now", order{}, "no order"},
		{"", order{}, "no order"},
		{"\x1b[2J", order{}, "no order"},
	}
	for _, tt := range tests {
		got := parseControl(tt.line)
		if tt.said != "" {
			if !strings.Contains(got.said, tt.said) || got.quit || got.rate != 0 {
				t.Errorf("%q: %+v, want %q said", tt.line, got, tt.said)
			}
		} else if got != tt.want {
			t.Errorf("%q: %+v, want %+v", tt.line, got, tt.want)
		}
	}
}

func TestStepRate(t *testing.T) {
	for _, tt := range []struct{ rate, step, want int }{
		{200, 1, 250}, {200, -1, 160}, {1, 1, 2}, {1, -1, 1}, {2, -1, 1}, {3, 1, 4},
		{90_000, 1, load.MaxRate}, {load.MaxRate, 1, load.MaxRate}, {load.MaxRate, -1, 80_000}, {200, 0, 200},
	} {
		if got := stepRate(tt.rate, tt.step); got != tt.want {
			t.Errorf("%d, %+d: %d, want %d", tt.rate, tt.step, got, tt.want)
		}
	}
}

func TestKeyOrders(t *testing.T) {
	for key, want := range map[byte]order{
		'+': {step: 1}, '=': {step: 1}, '-': {step: -1}, 'q': {quit: true}, 3: {stop: syscall.SIGINT},
	} {
		if got, ok := keyOrder(key); !ok || got != want {
			t.Errorf("%q: %+v, %t", key, got, ok)
		}
	}
	for _, key := range []byte{0, 27, ' ', 'x', 0xff} {
		if got, ok := keyOrder(key); ok {
			t.Errorf("%q is the order %+v", key, got)
		}
	}
}

func TestControlEndsWithItsInput(t *testing.T) {
	orders := controlLines(strings.NewReader("rate 7\nstop"))
	for _, want := range []order{{rate: 7}, {quit: true}, {quit: true}} {
		if got := <-orders; got != want {
			t.Errorf("%+v, want %+v", got, want)
		}
	}
	endless := controlLines(io.MultiReader(strings.NewReader(strings.Repeat("x", 1<<20))))
	if got := <-endless; got != (order{quit: true}) {
		t.Errorf("a line without an end: %+v", got)
	}
}
