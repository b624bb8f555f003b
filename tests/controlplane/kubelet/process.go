package kubelet

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"sync"
	"syscall"

	"github.com/creack/pty"
	"k8s.io/cri-streaming/pkg/streaming/remotecommand"
	utilexec "k8s.io/utils/exec"
)

// process is a program to run, as the main process of a container or by exec.
type process struct {
	command     []string
	folder      string
	environment []string
	in          io.Reader // nil: nothing to read
	out, err    io.Writer // nil: thrown away
	tty         bool      // on a terminal of its own, whose size `resize` tells
	resize      <-chan remotecommand.TerminalSize
}

// groups are the process groups that live; they must not outlive this program.
var groups = struct {
	sync.Mutex
	ids map[int]struct{}
}{ids: map[int]struct{}{}}

// KillAll ends every process that was started here.
func KillAll() {
	groups.Lock()
	// Kept locked: nothing may be started any more.
	for id := range groups.ids {
		_ = syscall.Kill(-id, syscall.SIGKILL)
	}
}

// run starts the program and waits for its end. When the context ends, the whole process group is killed.
func (p *process) run(ctx context.Context) error {
	if len(p.command) == 0 {
		return errors.New("no command")
	}
	// Not CommandContext: that kills the process alone, and its children keep the pipes open.
	command := exec.Command(p.command[0], p.command[1:]...)
	command.Dir = p.folder
	command.Env = p.environment
	attributes := &syscall.SysProcAttr{}
	command.SysProcAttr = attributes
	if p.tty {
		return p.onTerminal(ctx, command)
	}
	attributes.Setpgid = true
	command.Stdout, command.Stderr = p.out, p.err
	if p.in != nil {
		// Were it `command.Stdin`, the end of the process would wait for the end of its input.
		pipe, err := command.StdinPipe()
		if err != nil {
			return err
		}
		go func() {
			_, _ = io.Copy(pipe, p.in)
			_ = pipe.Close()
		}()
	}
	ended, err := start(ctx, command, command.Start)
	if err != nil {
		return err
	}
	defer ended()
	return status(command.Wait())
}

func (p *process) onTerminal(ctx context.Context, command *exec.Cmd) error {
	master, slave, err := pty.Open()
	if err != nil {
		return err
	}
	defer func() { _ = master.Close() }()
	command.Stdin, command.Stdout, command.Stderr = slave, slave, slave
	// A session of its own is a process group of its own.
	command.SysProcAttr.Setsid, command.SysProcAttr.Setctty = true, true
	ended, err := start(ctx, command, func() error {
		defer func() { _ = slave.Close() }()
		return command.Start()
	})
	if err != nil {
		return err
	}
	defer ended()
	if p.resize != nil {
		done := make(chan struct{})
		defer close(done)
		go func() {
			for {
				select {
				case size, more := <-p.resize:
					if !more {
						return
					}
					_ = pty.Setsize(master, &pty.Winsize{Rows: size.Height, Cols: size.Width})
				case <-done:
					return
				}
			}
		}()
	}
	if p.in != nil {
		go func() { _, _ = io.Copy(master, p.in) }()
	}
	out := p.out
	if out == nil {
		out = io.Discard
	}
	// It ends (with an error, on Linux) when nobody has the terminal open any more.
	_, _ = io.Copy(out, master)
	return status(command.Wait())
}

// start runs the program and has its group killed when the context ends; the function that comes back is for its own end.
func start(ctx context.Context, command *exec.Cmd, begin func() error) (func(), error) {
	groups.Lock()
	defer groups.Unlock()
	if err := begin(); err != nil {
		return nil, err
	}
	id := command.Process.Pid
	groups.ids[id] = struct{}{}
	stop := context.AfterFunc(ctx, func() { _ = syscall.Kill(-id, syscall.SIGKILL) })
	return func() {
		stop()
		groups.Lock()
		defer groups.Unlock()
		delete(groups.ids, id)
	}, nil
}

// status turns a wait status into what the streaming server calls an exit code: 128 and the number for a signal.
func status(err error) error {
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return err
	}
	code := exit.ExitCode()
	if wait, ok := exit.Sys().(syscall.WaitStatus); ok && wait.Signaled() {
		code = 128 + int(wait.Signal())
	}
	return utilexec.CodeExitError{Err: err, Code: code}
}

// exitCode is the exit code in what `run` returned; what could not be started counts as 127, as in a shell.
func exitCode(err error) int32 {
	var exit utilexec.CodeExitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &exit):
		return int32(exit.Code)
	default:
		return 127
	}
}

// environment is ours, with the home folder of a container.
func environment(home string, more ...string) []string {
	return append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + home, "LANG=C.UTF-8", "TERM=xterm"}, more...)
}
