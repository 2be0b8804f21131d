package engine

import "fmt"

// callFacts is what an event does not say about the call it stands for.
type callFacts struct {
	all    bool       // leave: all workers are told to leave
	own    bool       // leave: the worker itself has begun it
	past   bool       // kill: without the API, as kill(1) does
	handle HandleKind // message: what came with it, "" = nothing
}

// callText is the call or event of Node's cluster module that e stands for, ""
// if there is none.
func callText(e *Event, f callFacts) string {
	switch d := e.Detail.(type) {
	case SetupDetail:
		return "cluster.setupPrimary()"
	case ForkDetail:
		return fmt.Sprintf("cluster.fork() -> worker %d", e.Worker)
	case OnlineDetail:
		return heardText("online", e.Worker, "")
	case ListeningDetail:
		return heardText("listening", e.Worker, fmt.Sprintf(", {port: %d}", d.Port))
	case MessageDetail:
		if f.handle != "" {
			return heardText("message", e.Worker, ", ..., "+string(f.handle))
		}
		return heardText("message", e.Worker, ", ...")
	case DisconnectDetail:
		return heardText("disconnect", e.Worker, "")
	case ExitDetail:
		return heardText("exit", e.Worker, exitArguments(&d))
	case PolicyDetail:
		if name := d.To.Node(); name != "" {
			return "cluster.schedulingPolicy = cluster." + name
		}
		return ""
	case KillDetail:
		if f.past {
			return fmt.Sprintf("process.kill(%d, '%s')", e.PID, d.Signal)
		}
		return fmt.Sprintf("cluster.workers[%d].kill('%s')", e.Worker, d.Signal)
	case LeaveDetail:
		switch {
		case f.all:
			return "cluster.disconnect()"
		case f.own:
			return "cluster.worker.disconnect()"
		}
		return fmt.Sprintf("cluster.workers[%d].disconnect()", e.Worker)
	case SendDetail:
		return fmt.Sprintf("cluster.workers[%d].send(%s)", e.Worker, d.Message)
	}
	return ""
}

// heardText is an event of the cluster, with what its listeners get.
func heardText(name string, worker int, more string) string {
	return fmt.Sprintf("cluster '%s' (worker %d%s)", name, worker, more)
}

func exitArguments(d *ExitDetail) string {
	code, sig := "null", "null"
	if d.Code != nil {
		code = fmt.Sprint(*d.Code)
	}
	if d.Signal != nil {
		sig = "'" + *d.Signal + "'"
	}
	return ", " + code + ", " + sig
}
