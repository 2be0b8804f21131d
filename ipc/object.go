package ipc

import (
	"bytes"
	"encoding/json"
	"iter"
	"math"
	"strconv"
)

// encoding/json ignores the case of names, JavaScript does not:
// {"CMD":"NODE_X"} is a user message. So objects are walked here. All functions
// of this file take JSON that json.Valid has passed.

const jsonSpace = " \t\r\n"

// members walks the members of a JSON object in order, duplicates too: as in
// JavaScript the last one counts. Names are decoded, values are slices of obj.
func members(obj []byte) iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		b := bytes.TrimLeft(obj[1:], jsonSpace)
		for len(b) > 0 && b[0] == '"' {
			n := stringLen(b)
			name := text(b[:n])
			b = bytes.TrimLeft(b[n:], jsonSpace)
			b = bytes.TrimLeft(b[1:], jsonSpace) // the colon
			n = valueLen(b)
			if !yield(name, b[:n]) {
				return
			}
			b = bytes.TrimLeft(b[n:], jsonSpace)
			b = bytes.TrimLeft(b[1:], jsonSpace) // a comma, or the end
		}
	}
}

func isObject(v []byte) bool { return len(v) > 0 && v[0] == '{' }

func isNull(v []byte) bool { return string(v) == "null" }

// valueLen is the length of the JSON value b starts with.
func valueLen(b []byte) int {
	switch b[0] {
	case '"':
		return stringLen(b)
	case '{', '[':
		depth := 0
		for i := 0; i < len(b); i++ {
			switch b[i] {
			case '"':
				i += stringLen(b[i:]) - 1
			case '{', '[':
				depth++
			case '}', ']':
				if depth--; depth == 0 {
					return i + 1
				}
			}
		}
		return len(b)
	}
	if n := bytes.IndexAny(b, ",]} \t\r\n"); n >= 0 {
		return n
	}
	return len(b)
}

// stringLen is the length of the JSON string b starts with, quotes included.
func stringLen(b []byte) int {
	for i := 1; i < len(b); i++ {
		switch b[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(b)
}

// text is the string a JSON string stands for, "" for any other value.
func text(v []byte) string {
	if len(v) < 2 || v[0] != '"' {
		return ""
	}
	inner := v[1 : len(v)-1]
	for _, c := range inner {
		if !plain(c) {
			var s string
			if json.Unmarshal(v, &s) != nil {
				return ""
			}
			return s
		}
	}
	return string(inner)
}

// integer reads a whole number that a JavaScript number holds exactly, written
// as 3, 3.0, 3e0 or "3".
func integer(v []byte) (int64, bool) {
	s := string(v)
	if len(v) > 0 && v[0] == '"' {
		s = text(v)
	}
	const limit = 1 << 53
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		f, err := strconv.ParseFloat(s, 64)
		if err != nil || f != math.Trunc(f) || math.Abs(f) >= limit {
			return 0, false
		}
		n = int64(f)
	}
	if n <= -limit || n >= limit {
		return 0, false
	}
	return n, true
}

// small is integer for fields that are C ints, or def.
func small(v []byte, def int) int {
	if n, ok := integer(v); ok && n >= math.MinInt32 && n <= math.MaxInt32 {
		return int(n)
	}
	return def
}

// label is the text of a string or of a number.
func label(v []byte) string {
	if n, ok := integer(v); ok {
		return strconv.FormatInt(n, 10)
	}
	return text(v)
}

// opaque is a copy of a value that is passed on unread, nil for null.
func opaque(v []byte) json.RawMessage {
	if isNull(v) {
		return nil
	}
	return bytes.Clone(v)
}
