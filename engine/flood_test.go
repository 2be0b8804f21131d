package engine

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"muster/ipc"
)

// floodEnv makes this binary a worker that sends some kinds of message again and
// again: the first, and behind the last, how often each, and for how long at most.
const floodEnv = "MUSTER_ENGINE_TEST_FLOOD"

// floodKind is a kind of message with a key that grows.
type floodKind struct {
	name string
	// cheaper divides how often it is sent: some are long, or slowed.
	cheaper int
	line    func(i int) string
	fd      func() (int, error) // of a descriptor that goes with each; nil = none
	ends    string              // the primary ends the channel, if there are enough, and says this
}

const long60k = 60_000

func listenLine(act, address string, i int) string {
	return fmt.Sprintf(`{"cmd":"NODE_CLUSTER","act":%q,"index":%d,"data":null,"address":%q,"port":0,"addressType":4,"flags":0,"backlog":0,"seq":%d}`, act, i, address, i)
}

func handleLine(typ, msg string, i int) string {
	return fmt.Sprintf(`{"cmd":"NODE_HANDLE","type":%q,"msg":%s,"key":"6:::%d"}`, typ, msg, i)
}

func anySocket() (int, error) { return unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0) }

// floodKinds is every kind of message a primary knows, and some it does not.
var floodKinds = []floodKind{
	{name: "user messages", cheaper: 1, line: func(i int) string { return fmt.Sprintf(`{"chat":%d}`, i) }},
	{name: "long user messages", cheaper: 500, line: func(i int) string { return `"` + strings.Repeat("x", 1<<20+i) + `"` }},
	{name: "user messages of over 16 MiB", cheaper: 1000, line: func(i int) string { return `"` + strings.Repeat("x", ipc.MaxFrame+i) + `"` }},
	{name: "online", cheaper: 1, ends: ErrBudget.Error(), line: func(i int) string { return fmt.Sprintf(`{"cmd":"NODE_CLUSTER","act":"online","seq":%d}`, i) }},
	{name: "listening", cheaper: 10, ends: ErrBudget.Error(), line: func(i int) string {
		return listenLine("listening", strings.Repeat("a", long60k)+strconv.Itoa(i), i)
	}},
	{name: "questions for addresses that cannot be had", cheaper: 4, line: func(i int) string { return listenLine("queryServer", "192.0.2."+strconv.Itoa(i%256), i) }},
	{name: "questions for long addresses", cheaper: 10, line: func(i int) string { return listenLine("queryServer", strings.Repeat("a", long60k), i) }},
	{name: "questions for addresses, never closed", cheaper: 8, line: func(i int) string { return listenLine("queryServer", "127.0.0.1", i) }},
	{name: "close", cheaper: 1, ends: ErrBudget.Error(), line: func(i int) string {
		return fmt.Sprintf(`{"cmd":"NODE_CLUSTER","act":"close","key":"k%d","seq":%d}`, i, i)
	}},
	{name: "unknown acts", cheaper: 1, ends: ErrBudget.Error(), line: func(i int) string { return fmt.Sprintf(`{"cmd":"NODE_CLUSTER","act":"act%d","seq":%d}`, i, i) }},
	{name: "answers", cheaper: 1, ends: ErrBudget.Error(), line: func(i int) string {
		return fmt.Sprintf(`{"cmd":"NODE_CLUSTER","ack":%d,"accepted":true,"seq":%d}`, i, i)
	}},
	{name: "refusals", cheaper: 1, ends: ErrBudget.Error(), line: func(i int) string {
		return fmt.Sprintf(`{"cmd":"NODE_CLUSTER","ack":%d,"accepted":false,"seq":%d}`, i, i)
	}},
	{name: "acknowledgements", cheaper: 1, ends: ErrBudget.Error(), line: func(int) string { return `{"cmd":"NODE_HANDLE_ACK"}` }},
	{name: "negative acknowledgements", cheaper: 1, ends: ErrBudget.Error(), line: func(int) string { return `{"cmd":"NODE_HANDLE_NACK"}` }},
	{name: "counts of sockets", cheaper: 1, line: func(i int) string { return fmt.Sprintf(`{"cmd":"NODE_SOCKET_GET_COUNT","key":"6:::%d"}`, i) }},
	{name: "closes of sockets", cheaper: 1, line: func(i int) string { return fmt.Sprintf(`{"cmd":"NODE_SOCKET_NOTIFY_CLOSE","key":"6:::%d"}`, i) }},
	{name: "keys of 60 kB", cheaper: 10, ends: ErrBudget.Error(), line: func(i int) string {
		return fmt.Sprintf(`{"cmd":"NODE_SOCKET_GET_COUNT","key":"%s%d"}`, strings.Repeat("k", long60k), i)
	}},
	{name: "Node's unknown messages", cheaper: 1, line: func(i int) string { return fmt.Sprintf(`{"cmd":"NODE_X%d"}`, i) }},
	{name: "wrappers without a descriptor", cheaper: 2, line: func(i int) string { return handleLine("net.Socket", "1", i) }},
	{name: "sockets", cheaper: 4, fd: anySocket, line: func(i int) string { return handleLine("net.Socket", "1", i) }},
	{name: "sockets with internal messages", cheaper: 4, fd: anySocket, line: func(i int) string { return handleLine("net.Native", fmt.Sprintf(`{"cmd":"NODE_X%d"}`, i), i) }},
	{name: "tallies", cheaper: 8, line: func(i int) string { return handleLine("muster.Tally", `{"cmd":"NODE_MUSTER","msg":{}}`, i) },
		fd: func() (int, error) { return unix.Open(os.Args[0], unix.O_RDONLY, 0) }},
	{name: "reports", cheaper: 10, line: func(i int) string {
		return fmt.Sprintf(`{"cmd":"NODE_MUSTER","msg":{"accepted":%d,"times":[[%d,1]],"ends":[[%d,5]]}}`, i, i%300, i)
	}},
	{name: "reports that are none", cheaper: 1, ends: ErrBudget.Error(), line: func(i int) string { return fmt.Sprintf(`{"cmd":"NODE_MUSTER","msg":[%d]}`, i) }},
	{name: "exitedAfterDisconnect", cheaper: 1, ends: ErrBudget.Error(), line: func(i int) string {
		return fmt.Sprintf(`{"cmd":"NODE_CLUSTER","act":"exitedAfterDisconnect","seq":%d}`, i)
	}},
}

// flood is that worker. It takes every answer, says "done" in the end, and stays
// until its channel ends.
func flood(how string) int {
	var first, end, count, ms int
	if _, err := fmt.Sscan(how, &first, &end, &count, &ms); err != nil {
		fmt.Fprintf(os.Stderr, "engine.test: flood: %v\n", err)
		return 2
	}
	ch := os.NewFile(channelFD, "channel")
	var ended = make(chan struct{})
	go func() { // descriptors that come are dropped by the kernel: nobody makes room for them
		defer close(ended)
		in := bufio.NewReaderSize(ch, 64<<10)
		for {
			line, err := in.ReadSlice('\n')
			if bytes.HasPrefix(line, []byte(`{"cmd":"NODE_HANDLE",`)) {
				_, _ = ch.WriteString("{\"cmd\":\"NODE_HANDLE_ACK\"}\n")
			}
			if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
				return
			}
		}
	}()
	_, _ = ch.WriteString(`{"cmd":"NODE_CLUSTER","act":"online","seq":0}` + "\n")
	for _, k := range floodKinds[first:end] {
		if err := k.send(ch, count, time.Now().Add(time.Duration(ms)*time.Millisecond)); err != nil {
			fmt.Fprintf(os.Stderr, "engine.test: flood of %s: %v\n", k.name, err)
			break
		}
	}
	_, _ = ch.WriteString("\"done\"\n") // the channel may have ended: its reader sees that
	<-ended
	return 0
}

// send sends that many, until then.
func (k floodKind) send(ch *os.File, count int, until time.Time) error {
	fd := -1
	if k.fd != nil {
		var err error
		if fd, err = k.fd(); err != nil {
			return err
		}
		defer unix.Close(fd)
	}
	count = max(count/k.cheaper, 1)
	var batch []byte
	for i := 0; i < count && time.Now().Before(until); i++ {
		if fd >= 0 {
			if err := sendWith(channelFD, k.line(i)+"\n", fd); err != nil {
				return err
			}
			continue
		}
		batch = append(append(batch, k.line(i)...), '\n')
		if len(batch) > 32<<10 {
			if _, err := ch.Write(batch); err != nil {
				return err
			}
			batch = batch[:0]
		}
	}
	_, err := ch.Write(batch)
	return err
}

// sendWith sends a line and a descriptor over a blocking socket.
func sendWith(sock int, line string, fd int) error {
	for {
		err := unix.Sendmsg(sock, []byte(line), unix.UnixRights(fd), nil, unix.MSG_NOSIGNAL)
		if err != syscall.EINTR && err != syscall.ETOOMANYREFS {
			return err
		}
	}
}
