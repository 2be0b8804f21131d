package engine

import (
	"context"
	"errors"
	"fmt"
)

// SetupPrimary changes what later forks use: fields set in s replace earlier
// values, the others stay (Node: cluster.setupPrimary(settings)). The first
// setup, also that of the first fork, fills in Exec (this very binary) and Args
// (those of this process). Live workers are left alone. Each call causes one
// 'setup' event. If the program does not exist, the fork fails, not this call.
// Errors: ErrStopped, or what is wrong with s; then nothing was changed.
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
// Options.Settings (Node: cluster.settings). The result is a copy: the caller
// may change it.
func (c *Cluster) Settings() Settings { return c.loop.plan.shown.Load().clone() }

// SchedulingPolicy is the policy in force (Node: cluster.schedulingPolicy).
func (c *Cluster) SchedulingPolicy() Policy { return Policy(c.loop.ledger.policyNow.Load()) }

// SetSchedulingPolicy changes the policy, also of a live cluster and without
// losing a connection, which Node does not. It fails if the addresses have no
// gate (Snapshot.PolicyFixed says why), and with ErrStopped.
func (c *Cluster) SetSchedulingPolicy(p Policy) error {
	_, err := c.loop.do(context.Background(), Command{Op: OpPolicy, Policy: p})
	return err
}

// Fork starts one more worker, in the lowest free slot or a new one, with env
// (KEY=VALUE) added to this worker's environment only (Node:
// cluster.fork(env)). It returns at once, before the worker has a process; its
// id is one more than the one forked before. Errors: ErrStopped, ErrBusy when
// 256 workers live, or a bad variable. OnError and OnExit report a worker that
// cannot be started.
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
// until all have left or ctx ends (Node: cluster.disconnect(callback), as
// documented: the real one calls back when the first worker has gone). No
// worker is replaced; the cluster stays and can fork again. With no worker it
// returns at once.
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
// The map is a copy.
func (c *Cluster) Workers() map[int]*Worker { return c.loop.supervisor.apiWorkers.all() }

// Worker is the worker of Workers with that id, nil if there is none.
func (c *Cluster) Worker(id int) *Worker { return c.loop.supervisor.apiWorkers.get(id) }
