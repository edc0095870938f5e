// Command run is behind `make run`: it builds the services, starts the whole marketplace on this machine and stops
// it at Ctrl-C. `run backing` starts only what the services lean on, for those who type `dapr run -f dapr.yaml`.
// STATE, PUBSUB and MAIL in the environment choose other folders of components/ than dapr.yaml does; REPLICAS=2 runs two of
// each service; METRICS=1 starts Prometheus too, TRACES=1 keeps traces and shows them.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"marketplace/tests/stack"
)

func main() {
	backing := len(os.Args) > 1 && os.Args[1] == "backing"
	if len(os.Args) > 2 || len(os.Args) == 2 && !backing {
		fmt.Fprintln(os.Stderr, "usage: run [backing]")
		os.Exit(2)
	}
	if err := run(backing); err != nil {
		fmt.Fprintln(os.Stderr, "run:", err)
		os.Exit(1)
	}
}

// run returns nil when it was asked to stop, after everything has stopped.
func run(backing bool) error {
	ctx, cancel := context.WithCancel(context.Background())
	go onSignals(cancel)
	root, err := os.Getwd()
	if err != nil {
		return err
	}
	fmt.Println("building the services ...")
	if err := stack.Build(ctx, root); err != nil {
		return err
	}
	fmt.Println("starting ...")
	o, err := stack.Options{Root: root, Backing: backing, Log: os.Stdout}.Chosen()
	if err != nil {
		return err
	}
	s, err := stack.Start(ctx, o)
	if err != nil {
		return err
	}
	fmt.Print(ready(s, root, backing))

	select {
	case <-ctx.Done():
		fmt.Println("\nstopping ...")
		return s.Stop()
	case death := <-s.Died():
		fmt.Fprintln(os.Stderr, "run:", death, "\nstopping the rest ...")
		_ = s.Stop() // the death is the reason to tell
		return fmt.Errorf("%s ended by itself", death.Name)
	}
}

// onSignals asks to stop at the first Ctrl-C, and ends everything at once at the second.
// Under make it also stops when make is gone, since nobody else would.
func onSignals(stop func()) {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	if parent := os.Getppid(); os.Getenv("MAKELEVEL") != "" {
		go func() {
			for os.Getppid() == parent {
				time.Sleep(500 * time.Millisecond)
			}
			stop()
		}()
	}
	<-signals
	stop()
	<-signals
	stack.KillAll()
	os.Exit(1)
}

func ready(s *stack.Stack, root string, backing bool) string {
	var text string
	for _, web := range s.Replicas("web") {
		text += fmt.Sprintf("\nThe marketplace is at http://localhost:%d", web.AppPort)
	}
	text += "\n"
	if s.ZipkinURL != "" {
		text += fmt.Sprintf("Traces are at %s/zipkin/?serviceName=web\n", s.ZipkinURL)
	}
	if backing {
		file, err := filepath.Rel(root, s.RunFile)
		if err != nil {
			file = s.RunFile
		}
		text = fmt.Sprintf("\nNow, in another terminal:  set -a && . .local/env && set +a && dapr run -f %s\n", file)
	}
	payments := "Payments go to a simulator of Stripe; no money moves."
	if s.RealStripe {
		payments = "Payments go to Stripe, with the key in STRIPE_SECRET_KEY."
	}
	if s.Prometheus != "" && !backing {
		payments += fmt.Sprintf("\nFigures and alarms are at %s (Prometheus).", s.Prometheus)
	}
	switch {
	case s.InboxURL != "":
		payments += "\nMail goes to an inbox on this machine: " + strings.Replace(s.InboxURL, "127.0.0.1", "localhost", 1)
	case s.MailElsewhere():
		payments += "\nMail goes to the server in SMTP_HOST: real people get it."
	default:
		payments += "\nThere is no mail server: nobody is written to."
	}
	return fmt.Sprintf("%s%s\nLogs are in %s. Ctrl-C stops everything.\n", text, payments, filepath.Join(".local", "logs"))
}
