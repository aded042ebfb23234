package preview
import ("testing";"time";"os")
func init(){ slow = func(t *testing.T, what string, start time.Time, name string, data []byte){ if d:=time.Since(start); d>500*time.Millisecond { os.WriteFile("/tmp/b/slow-"+what, append([]byte(name+"\n"+d.String()+"\n"),data...),0o644) } } }
