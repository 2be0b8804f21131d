package load

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// Field is a header field of a request.
type Field struct{ Name, Value string }

// Limits of a request.
const (
	MaxBody   = 16 << 20 // bytes of Options.Body
	maxFields = 64 << 10 // bytes of all of Options.Header
)

// ParseField reads "Name: value", as curl's -H does. A value that would end the
// line, or a field that other options set, is an error that says so.
func ParseField(text string) (Field, error) {
	name, value, ok := strings.Cut(text, ":")
	if !ok {
		return Field{}, errors.New("has no colon; for example 'Accept: text/html'")
	}
	f := Field{strings.TrimRight(name, " \t"), strings.Trim(value, " \t")}
	if why := f.bad(); why != "" {
		return Field{}, errors.New(why)
	}
	return f, nil
}

// owned are the fields that follow from other options: if one request had such
// a field twice, some servers would see two requests (RFC 9112, section 11.2).
var owned = map[string]string{
	"content-length":    "is counted from the body",
	"transfer-encoding": "is not used: a body is sent with its length",
	"connection":        "is decided by keep-alive: an upgrade is not spoken",
	"keep-alive":        "is decided by keep-alive",
}

// bad says why a field cannot be sent; "" if it can.
func (f Field) bad() string {
	switch {
	case f.Name == "":
		return "has no name before the colon"
	case !isToken(f.Name):
		return "has a name with something else than letters, digits and !#$%&'*+-.^_`|~"
	case strings.ContainsFunc(f.Value, isControl):
		return "has a control character in its value"
	}
	if why := owned[strings.ToLower(f.Name)]; why != "" {
		return "is not allowed: " + f.Name + " " + why
	}
	if strings.EqualFold(f.Name, "Host") && !validHost(f.Value) {
		return "has a value that is no host"
	}
	return ""
}

// isToken is RFC 9110, section 5.6.2.
func isToken(s string) bool {
	for i := range len(s) {
		c := s[i]
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
		if !letter && !strings.ContainsRune("!#$%&'*+-.^_`|~", rune(c)) {
			return false
		}
	}
	return s != ""
}

// isControl tells whether a field's value may not hold c (RFC 9110, section
// 5.5).
func isControl(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }

// validHost checks for the characters of RFC 3986's host and port.
func validHost(s string) bool {
	for i := range len(s) {
		c := s[i]
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
		if !letter && !strings.ContainsRune("-._~%!$&'()*+,;=:[]", rune(c)) {
			return false
		}
	}
	return s != ""
}

// method is the request's, in the case servers know it in.
func (o *Options) method() string {
	switch {
	case o.Method != "":
		return strings.ToUpper(o.Method)
	case len(o.Body) > 0:
		return http.MethodPost
	}
	return http.MethodGet
}

// checkRequest is what is wrong with the request to send.
func (o *Options) checkRequest() error {
	size, hosts := 0, 0
	for _, f := range o.Header {
		if why := f.bad(); why != "" {
			return fmt.Errorf("load: header %q: %s", f.Name, why)
		}
		if strings.EqualFold(f.Name, "Host") {
			hosts++
		}
		size += len(f.Name) + len(f.Value) + len(": \r\n")
	}
	switch {
	case o.Path[0] != '/' || strings.ContainsFunc(o.Path, func(r rune) bool { return r <= ' ' || r >= 0x7f }):
		return fmt.Errorf("load: path %q: must start with / and be printable ASCII without spaces", o.Path)
	case o.Method != "" && !isToken(o.Method):
		return fmt.Errorf("load: method %q: must be one word, as GET, POST or DELETE", o.Method)
	case o.method() == http.MethodConnect:
		return errors.New("load: method CONNECT: it is for proxies, and has no answer to count")
	case len(o.Body) > 0 && o.method() == http.MethodTrace:
		return errors.New("load: method TRACE: it has no body (RFC 9110, section 9.3.8)")
	case len(o.Body) > MaxBody:
		return fmt.Errorf("load: a body of %d bytes: at most %d are sent", len(o.Body), MaxBody)
	case hosts > 1:
		return errors.New("load: header Host: there must be one")
	case size > maxFields:
		return fmt.Errorf("load: headers of %d bytes: at most %d are sent", size, maxFields)
	}
	return nil
}

// has tells whether the caller has set a field.
func (o *Options) has(name string) bool {
	return slices.ContainsFunc(o.Header, func(f Field) bool { return strings.EqualFold(f.Name, name) })
}

// requestHead is the request up to where its id goes. short leaves out optional
// fields: a slow client takes long enough.
func (o *Options) requestHead(host string, short bool) string {
	var b strings.Builder
	method := o.method()
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\n", method, o.Path)
	if !o.has("Host") {
		fmt.Fprintf(&b, "Host: %s\r\n", host)
	}
	if !short && !o.has("User-Agent") {
		b.WriteString("User-Agent: muster-load\r\n")
	}
	if short || !o.KeepAlive {
		b.WriteString("Connection: close\r\n")
	}
	for _, f := range o.Header {
		fmt.Fprintf(&b, "%s: %s\r\n", f.Name, f.Value)
	}
	// With a method that usually has a body, Content-Length: 0 says that there
	// is none (RFC 9110, section 8.6).
	if len(o.Body) > 0 || slices.Contains([]string{"POST", "PUT", "PATCH"}, method) {
		fmt.Fprintf(&b, "Content-Length: %s\r\n", strconv.Itoa(len(o.Body)))
	}
	return b.String()
}
