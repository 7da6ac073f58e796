package inspect

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

type report struct {
	Text string
}

func TestProcessAnswersUntilItCloses(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	l, err := Listen(dir, func() any { return report{strings.Repeat("x", 1<<20)} })
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if pids, err := Processes(dir); err != nil || !slices.Equal(pids, []int{os.Getpid()}) {
		t.Errorf("processes %v, %v", pids, err)
	}
	for range 3 {
		var got report
		if err := Fetch(dir, os.Getpid(), &got); err != nil || len(got.Text) != 1<<20 {
			t.Errorf("%d bytes, %v", len(got.Text), err)
		}
	}
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("others may enter: %v, %v", info.Mode(), err)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	if err := Fetch(dir, os.Getpid(), &report{}); !errors.Is(err, ErrNotListening) {
		t.Errorf("got %v", err)
	}
}

func TestWhatIsLeftBehindIsPassedOver(t *testing.T) {
	dir := t.TempDir()
	dead := filepath.Join(dir, "4194304.sock") // more than the largest PID
	for _, f := range []string{dead, filepath.Join(dir, "x.sock"), filepath.Join(dir, "1")} {
		if err := os.WriteFile(f, nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if pids, err := Processes(dir); err != nil || len(pids) != 0 {
		t.Errorf("processes %v, %v", pids, err)
	}
	if _, err := os.Stat(dead); !errors.Is(err, os.ErrNotExist) {
		t.Error("the dead process's socket is still there")
	}
	if pids, err := Processes(filepath.Join(dir, "none")); err != nil || pids != nil {
		t.Errorf("processes %v, %v", pids, err)
	}
}

func TestAnswerThatIsNoReportIsAnError(t *testing.T) {
	dir := t.TempDir()
	s, err := net.Listen("unix", filepath.Join(dir, "7.sock"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	go func() {
		for {
			c, err := s.Accept()
			if err != nil {
				return
			}
			c.Write([]byte("not json"))
			c.Close()
		}
	}()
	if err := Fetch(dir, 7, &report{}); err == nil || errors.Is(err, ErrNotListening) {
		t.Errorf("got %v", err)
	}
}

func TestDirectoryThatOthersCanEnterIsRefused(t *testing.T) {
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := Listen(dir, func() any { return nil }); err == nil || !strings.Contains(err.Error(), "of this user alone") {
		t.Errorf("got %v", err)
	}
}
