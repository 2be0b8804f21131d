package engine

import (
	"context"
	"errors"
	"fmt"
)

// SetupPrimary changes what later forks use: what s sets replaces what was set
// before, the rest stays (Node: cluster.setupPrimary(settings)). The first
// setup, also that of the first fork, fills in Exec (this very binary) and Args
// (those of this process). Workers that live are left alone. Each call is
// heard as one 'setup'. A program that does not exist is the error of the fork.
// Other errors: ErrStopped, or what is wrong with s; nothing was changed then.
func (c *Cluster) SetupPrimary(s Settings) error {
	found := findExec(s)
	_, err := askLoop(context.Background(), c.loop.mailbox, func(reply chan<- answer[struct{}]) msg { return msgSetup{s.clone(), found, reply} })
	return err
}

// SetupMaster is SetupPrimary by its old name (Node: cluster.setupMaster).
//
// Deprecated: use SetupPrimary.
func (c *Cluster) SetupMaster(s Settings) error { return c.SetupPrimary(s) }

// Settings are what later forks use, zero before the first setup except
// Options.Settings (Node: cluster.settings). They are the caller's: changing
// them changes nothing here.
func (c *Cluster) Settings() Settings { return c.loop.plan.shown.Load().clone() }

// SchedulingPolicy is the policy in force (Node: cluster.schedulingPolicy).
func (c *Cluster) SchedulingPolicy() Policy { return Policy(c.loop.ledger.policyNow.Load()) }

// SetSchedulingPolicy changes the policy, also of a live cluster and without
// losing a connection, which Node does not. It fails where the addresses have
// no gate (Snapshot.PolicyFixed says why), and with ErrStopped.
func (c *Cluster) SetSchedulingPolicy(p Policy) error {
	_, err := c.loop.do(context.Background(), Command{Op: OpPolicy, Policy: p})
	return err
}

// Fork starts one more worker, in the lowest free slot or a new one, with env (KEY=VALUE)
// added to its environment and to no other's (Node: cluster.fork(env)). It
// returns at once, before the worker has a process; its id is one more than
// that of the fork before. Errors: ErrStopped, ErrBusy when 256 workers live,
// or a bad variable. A worker that cannot be started is heard by OnError and
// OnExit.
func (c *Cluster) Fork(env ...string) (*Worker, error) {
	if err := checkEnv(env); err != nil {
		return nil, fmt.Errorf("fork: %w", err)
	}
	w, err := askLoop(context.Background(), c.loop.mailbox, func(reply chan<- answer[*Worker]) msg { return msgFork{env, reply} })
	if err != nil {
		return nil, fmt.Errorf("fork: %w", err)
	}
	return w, nil
}

// Disconnect tells every worker to finish what it has and leave, and waits
// until all have left or ctx ends (Node: cluster.disconnect(callback), as it is
// documented: Node's own calls back when the first has gone). Nobody takes their
// place; the cluster stays and can fork again. With no worker it returns at
// once.
func (c *Cluster) Disconnect(ctx context.Context) error {
	before := c.Workers()
	if _, err := c.loop.do(ctx, Command{Op: OpDisconnectAll}); err != nil && !errors.Is(err, ErrStopped) {
		return fmt.Errorf("disconnecting all workers: %w", err)
	}
	for _, w := range before {
		select {
		case <-w.Done():
		case <-ctx.Done():
			return fmt.Errorf("disconnecting all workers: %v has not left: %w", w, ctx.Err())
		}
	}
	return nil
}

// Workers are the workers that have not exited, by id (Node: cluster.workers).
// The map is the caller's.
func (c *Cluster) Workers() map[int]*Worker { return c.loop.supervisor.apiWorkers.all() }

// Worker is one of Workers, nil if there is none with that id.
func (c *Cluster) Worker(id int) *Worker { return c.loop.supervisor.apiWorkers.get(id) }
