package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"muster/engine/demo"
)

// nginxConf answers each request with a page of its memory and closes the connection,
// as the other servers do for these clients. %[1]d is the number of workers, %[2]s the
// address, %[3]s the page, %[4]s a directory of its own.
const nginxConf = `daemon off;
worker_processes %[1]d;
pid %[4]s/pid;
error_log stderr crit;
events { worker_connections 1024; }
http {
	access_log off;
	keepalive_timeout 0;
	default_type text/plain;
	client_body_temp_path %[4]s/body;
	proxy_temp_path %[4]s/proxy;
	fastcgi_temp_path %[4]s/fastcgi;
	uwsgi_temp_path %[4]s/uwsgi;
	scgi_temp_path %[4]s/scgi;
	server {
		listen %[2]s reuseport;
		location / { add_header Muster-Worker 1; return 200 %[3]q; }
	}
}
`

// nginx starts nginx with n workers, as a group. Where there is none the error is a
// notHere.
func (s *suite) nginx(ctx context.Context, n int) (g group, err error) {
	path, err := exec.LookPath("nginx")
	if err != nil {
		if path = "/usr/sbin/nginx"; !isFile(path) { // not in everybody's PATH
			return g, &notHere{"nginx is not installed"}
		}
	}
	dir, err := os.MkdirTemp("", "muster-bench-nginx")
	if err != nil {
		return g, fmt.Errorf("starting nginx: %w", err)
	}
	c := newChild(path, "-p", dir, "-e", "stderr", "-c", filepath.Join(dir, "conf"))
	g = group{name: "nginx", stop: func() error { return errors.Join(c.stop(), os.RemoveAll(dir)) }}
	if g.addr, err = freePort(); err == nil {
		conf := fmt.Sprintf(nginxConf, n, g.addr, demo.Page, dir)
		err = os.WriteFile(filepath.Join(dir, "conf"), []byte(conf), 0o644)
	}
	if err == nil {
		err = c.cmd.Start()
	}
	if err != nil {
		return g, errors.Join(fmt.Errorf("starting nginx: %w", err), os.RemoveAll(dir))
	}
	c.wait(func() {})
	up, cancel := context.WithTimeout(ctx, comeUp)
	defer cancel()
	if _, err = askUntil(up, g.addr, c.done); err == nil {
		g.pids, err = children(c.pid())
	}
	if err == nil && len(g.pids) != n {
		err = fmt.Errorf("nginx has %d processes, want %d workers", len(g.pids), n)
	}
	if err != nil {
		return g, errors.Join(err, g.stop())
	}
	g.pids = append(g.pids, c.pid())
	return g, nil
}

// children are the processes a process has started and not reaped.
func children(pid int) (pids []int, err error) {
	b, err := readProc(pid, fmt.Sprintf("task/%d/children", pid))
	for _, f := range strings.Fields(string(b)) {
		n, aerr := strconv.Atoi(f)
		if aerr != nil {
			return nil, fmt.Errorf("the children of a process: %w", aerr)
		}
		pids = append(pids, n)
	}
	return pids, err
}

func isFile(path string) bool {
	st, err := os.Stat(path)
	return err == nil && st.Mode().IsRegular()
}
