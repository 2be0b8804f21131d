package loadcmd

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"muster/internal/load"
)

// order is a request by a key or by a line of --control.
type order struct {
	rate int       // a new rate
	step int       // +1 a higher rate, -1 a lower one
	stop os.Signal // stop as this signal does
	quit bool      // stop; a second time changes nothing
	said string    // not understood
}

// controlLines reads orders until the end of in. The end counts as an order to
// stop, so a load never outlives the program that holds the other end. The
// goroutine ends with in, at the latest with the process.
func controlLines(in io.Reader) <-chan order {
	orders := make(chan order)
	go func() {
		for lines := bufio.NewScanner(in); lines.Scan(); {
			orders <- parseControl(lines.Text())
		}
		orders <- order{quit: true}
	}()
	return orders
}

func parseControl(line string) order {
	words := strings.Fields(line)
	switch {
	case len(words) == 1 && words[0] == "stop":
		return order{quit: true}
	case len(words) == 2 && words[0] == "rate":
		if n, err := strconv.Atoi(words[1]); err == nil && n >= 1 && n <= load.MaxRate {
			return order{rate: n}
		}
		return order{said: fmt.Sprintf("rate %q: must be a whole number from 1 to %d", words[1], load.MaxRate)}
	}
	return order{said: fmt.Sprintf("%q is no order; there are rate N and stop", line)}
}

// stepRate is the next rate up or down: a quarter more, a fifth less.
func stepRate(rate, step int) int {
	switch {
	case step > 0:
		return min(max(rate+1, rate*5/4), load.MaxRate)
	case step < 0:
		return max(min(rate-1, rate*4/5), 1)
	}
	return rate
}
