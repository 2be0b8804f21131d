// Package styles holds the themes: colours and attributes by what they mean
// (accent, warn, dead, muted), nothing else.
//
// A colour is never the only sign of anything: the screen says the same in
// words and signs, so None, which has no colours at all, loses nothing. There
// is one accent and no green, so no red-green pair. Every colour has a
// contrast of at least 4.5:1 on the backgrounds its theme is meant for.
package styles
