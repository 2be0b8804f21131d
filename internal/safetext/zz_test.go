package safetext
import ("testing";"strings";"time")
func TestZZ(t *testing.T){ for _, part := range []string{"a", "\x1b]0;", "\t", "\u202e", "\u0301", "क्", "\ufe0f", "中\u0302", "\xff","a\u0301","配"} {
 for _,n:=range []int{1<<18,1<<20}{ in := strings.Repeat(part, n/len(part)); s:=time.Now(); Line(in); t.Logf("%+q %d %v",part,n,time.Since(s))}}}
