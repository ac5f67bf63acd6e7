// Command foreign sends records with clients that are not ours: `foreign franz-go|sarama HOST:PORT < steps.json`.
//
// A step is a batch of records sent with one producer; its fields are in Step. Whatever is left out is the client's default,
// above all the partitioner.
package main

import (
	"encoding/json"
	"fmt"
	"os"
)

// Record is one record; a nil key leaves the choice of the partition to the client.
type Record struct {
	Key     *string           `json:"key"`
	Value   string            `json:"value"`
	Headers map[string]string `json:"headers"`
}

// Step is what one producer sends. Transaction is "" (none), "commit" or "abort".
type Step struct {
	Topic       string   `json:"topic"`
	Codec       string   `json:"codec"`
	Idempotent  bool     `json:"idempotent"`
	Transaction string   `json:"transaction"`
	Records     []Record `json:"records"`
}

func main() {
	if len(os.Args) != 3 {
		fail(fmt.Errorf("usage: foreign franz-go|sarama HOST:PORT < steps.json"))
	}
	senders := map[string]func(string, Step) error{"franz-go": sendFranz, "sarama": sendSarama}
	send, known := senders[os.Args[1]]
	if !known {
		fail(fmt.Errorf("no such client: %s", os.Args[1]))
	}
	var steps []Step
	if err := json.NewDecoder(os.Stdin).Decode(&steps); err != nil {
		fail(err)
	}
	for number, step := range steps {
		if err := send(os.Args[2], step); err != nil {
			fail(fmt.Errorf("step %d (%s %s): %w", number, step.Codec, step.Transaction, err))
		}
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
