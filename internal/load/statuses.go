package load

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Statuses is a set of HTTP statuses from 100 to 599. The zero value stands for
// 2xx.
type Statuses struct {
	given bool
	set   [8]uint64 // a bit for each status from 100 on
}

const (
	minStatus = 100
	maxStatus = 599
)

// ParseStatuses reads statuses and classes of them with commas between: "200",
// "2xx", "200,204,3xx". The error says what is wrong with which part.
func ParseStatuses(text string) (Statuses, error) {
	s := Statuses{given: true}
	if strings.TrimSpace(text) == "" {
		return Statuses{}, errors.New("is empty; for example 200, 2xx or 200,204,302")
	}
	for part := range strings.SplitSeq(text, ",") {
		part = strings.ToLower(strings.TrimSpace(part))
		from, to := 0, 0
		if class, ok := strings.CutSuffix(part, "xx"); ok && len(class) == 1 && class >= "1" && class <= "5" {
			from = int(class[0]-'0') * 100
			to = from + 99
		} else if n, err := strconv.ParseUint(part, 10, 16); err == nil && len(part) == 3 && n >= minStatus && n <= maxStatus {
			from, to = int(n), int(n)
		} else {
			return Statuses{}, fmt.Errorf("%q is no status from %d to %d and no class like 2xx", part, minStatus, maxStatus)
		}
		for n := from; n <= to; n++ {
			s.set[(n-minStatus)/64] |= 1 << ((n - minStatus) % 64)
		}
	}
	return s, nil
}

// Has tells whether a status is in the set.
func (s *Statuses) Has(status int) bool {
	if !s.given {
		return status >= 200 && status <= 299
	}
	if status < minStatus || status > maxStatus {
		return false
	}
	n := status - minStatus
	return s.set[n/64]&(1<<(n%64)) != 0
}
