//go:build unix

package main

import "testing"

// The list says where each guard stands: one that has moved, or whose tests have
// another name, would be taken out by nobody.
func TestTheListOfGuardsIsOutOfDate(t *testing.T) {
	t.Parallel()
	root, err := moduleRoot()
	if err != nil {
		t.Fatal(err)
	}
	all, err := parseGuards(guardsText)
	if err == nil {
		err = checkGuards(root, all)
	}
	if err != nil {
		t.Error(err)
	}
}
