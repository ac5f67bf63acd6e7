import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.Future;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.serialization.StringSerializer;

import static java.nio.charset.StandardCharsets.UTF_8;

/** Sends records with the Java client: `java -cp JARS Foreign.java HOST:PORT < steps.json`; for the steps see main.go. */
public class Foreign {
    public static void main(String[] arguments) throws Exception {
        for (JsonNode step : new ObjectMapper().readTree(System.in)) {
            send(arguments[0], step);
        }
    }

    private static void send(String bootstrap, JsonNode step) throws Exception {
        String transaction = step.get("transaction").asText();
        Properties properties = new Properties();
        properties.put("bootstrap.servers", bootstrap);
        properties.put("compression.type", step.get("codec").asText());
        properties.put("enable.idempotence", step.get("idempotent").asText());
        properties.put("acks", "all");
        properties.put("linger.ms", "20");
        if (!transaction.isEmpty()) {
            properties.put("transactional.id", "foreign-java");
        }
        try (var producer = new KafkaProducer<>(properties, new StringSerializer(), new StringSerializer())) {
            if (!transaction.isEmpty()) {
                producer.initTransactions();
                producer.beginTransaction();
            }
            List<Future<RecordMetadata>> sent = new ArrayList<>();
            for (JsonNode each : step.get("records")) {
                String key = each.get("key").isNull() ? null : each.get("key").asText();
                var record = new ProducerRecord<>(step.get("topic").asText(), key, each.get("value").asText());
                each.get("headers").fields().forEachRemaining(
                    header -> record.headers().add(header.getKey(), header.getValue().asText().getBytes(UTF_8)));
                sent.add(producer.send(record));
            }
            producer.flush();
            for (Future<RecordMetadata> each : sent) {
                each.get();
            }
            if (transaction.equals("commit")) {
                producer.commitTransaction();
            } else if (transaction.equals("abort")) {
                producer.abortTransaction();
            }
        }
    }
}
