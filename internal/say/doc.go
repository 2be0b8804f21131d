// Package say puts an event into words, once for every package that shows or
// prints it: its text in forms of several lengths, its tone, and the mark that
// stands before it. The caller lays the words out and gives marks and tones
// their look.
//
// What may enter: pure functions of an event and of the values in it, and the
// words for times, numbers and command lines they need. No screen, no styles,
// no clock. Of this module it imports only engine, plaintext, safetext and what
// these import.
//
// What it promises:
//
//   - Event returns texts that are safe for a terminal, longest form first. Line
//     returns text as it came, without its colours.
//   - The wording of both is what users see in the dashboard and in --headless:
//     it changes only on purpose.
//   - Every kind of event has words in Line; in Event a kind whose words would
//     only repeat another's has none.
//
// Every function may be called from any goroutine.
package say
