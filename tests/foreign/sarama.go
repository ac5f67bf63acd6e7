package main

import (
	"fmt"
	"time"

	"github.com/IBM/sarama"
)

// sendSarama sends a step with Sarama, whose partitioner hashes keys by FNV-1a.
func sendSarama(bootstrap string, step Step) error {
	codecs := map[string]sarama.CompressionCodec{
		"none": sarama.CompressionNone, "gzip": sarama.CompressionGZIP, "snappy": sarama.CompressionSnappy,
		"lz4": sarama.CompressionLZ4, "zstd": sarama.CompressionZSTD,
	}
	codec, known := codecs[step.Codec]
	if !known {
		return fmt.Errorf("no such codec: %s", step.Codec)
	}
	config := sarama.NewConfig()
	config.Version = sarama.V2_8_0_0
	config.Producer.Compression = codec
	config.Producer.RequiredAcks = sarama.WaitForAll
	config.Producer.Return.Successes = true
	config.Producer.Flush.Frequency = 20 * time.Millisecond
	if step.Idempotent || step.Transaction != "" {
		config.Producer.Idempotent = true
		config.Net.MaxOpenRequests = 1
	}
	if step.Transaction != "" {
		config.Producer.Transaction.ID = "foreign-sarama"
	}
	producer, err := sarama.NewSyncProducer([]string{bootstrap}, config)
	if err != nil {
		return err
	}
	defer producer.Close()
	if step.Transaction != "" {
		if err := producer.BeginTxn(); err != nil {
			return err
		}
	}
	messages := make([]*sarama.ProducerMessage, 0, len(step.Records))
	for _, each := range step.Records {
		message := &sarama.ProducerMessage{Topic: step.Topic, Value: sarama.StringEncoder(each.Value)}
		if each.Key != nil {
			message.Key = sarama.StringEncoder(*each.Key)
		}
		for name, value := range each.Headers {
			message.Headers = append(message.Headers, sarama.RecordHeader{Key: []byte(name), Value: []byte(value)})
		}
		messages = append(messages, message)
	}
	if err := producer.SendMessages(messages); err != nil {
		return err
	}
	switch step.Transaction {
	case "commit":
		return producer.CommitTxn()
	case "abort":
		return producer.AbortTxn()
	}
	return nil
}
