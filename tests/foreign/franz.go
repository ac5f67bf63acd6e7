package main

import (
	"context"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

const patience = 60 * time.Second

// sendFranz sends a step with franz-go; without a key its partitioner stays with one partition for a while.
func sendFranz(bootstrap string, step Step) error {
	codecs := map[string]kgo.CompressionCodec{
		"none": kgo.NoCompression(), "gzip": kgo.GzipCompression(), "snappy": kgo.SnappyCompression(),
		"lz4": kgo.Lz4Compression(), "zstd": kgo.ZstdCompression(),
	}
	codec, known := codecs[step.Codec]
	if !known {
		return fmt.Errorf("no such codec: %s", step.Codec)
	}
	options := []kgo.Opt{
		kgo.SeedBrokers(bootstrap),
		kgo.ProducerBatchCompression(codec),
		kgo.ProducerLinger(20 * time.Millisecond),
		kgo.RecordDeliveryTimeout(patience),
	}
	if !step.Idempotent {
		options = append(options, kgo.DisableIdempotentWrite())
	}
	if step.Transaction != "" {
		options = append(options, kgo.TransactionalID("foreign-franz-go"))
	}
	client, err := kgo.NewClient(options...)
	if err != nil {
		return err
	}
	defer client.Close()
	context, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if step.Transaction != "" {
		if err := client.BeginTransaction(); err != nil {
			return err
		}
	}
	records := make([]*kgo.Record, 0, len(step.Records))
	for _, each := range step.Records {
		record := &kgo.Record{Topic: step.Topic, Value: []byte(each.Value)}
		if each.Key != nil {
			record.Key = []byte(*each.Key)
		}
		for name, value := range each.Headers {
			record.Headers = append(record.Headers, kgo.RecordHeader{Key: name, Value: []byte(value)})
		}
		records = append(records, record)
	}
	if err := client.ProduceSync(context, records...).FirstErr(); err != nil {
		return err
	}
	if step.Transaction != "" {
		return client.EndTransaction(context, kgo.TransactionEndTry(step.Transaction == "commit"))
	}
	return nil
}
