// Package command is what every command of muster has: what it may use of the
// world, how it fails and with which exit code, how it hears that it is to stop.
//
// What may enter: what two commands need, and values of flags that know nothing
// of a cluster. No command enters, no flag's name, nothing that draws.
//
// What it promises: an error of Failed or Misused is a *Failure, which carries
// the exit code. What is said is one line, safe for a terminal, in one write.
package command
