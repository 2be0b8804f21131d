// A program with a dashboard, as far as its imports go: what it writes to the
// terminal before main, and how long that takes, is the test.
package main

import (
	"fmt"
	"os"

	_ "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/lipgloss"

	"muster/internal/quietterm"
)

func main() {
	before := os.Getenv("TERM")
	quietterm.Restore()
	quietterm.Restore()
	term, set := os.LookupEnv("TERM")
	fmt.Printf("main before=%q term=%q set=%t Term=%q profile=%d\n",
		before, term, set, quietterm.Term(), lipgloss.ColorProfile())
}
