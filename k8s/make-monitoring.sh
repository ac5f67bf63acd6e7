#!/bin/sh
# Prints what your Prometheus, Alertmanager and Grafana load: the dashboards as ConfigMaps, the rules as PrometheusRules of
# the Prometheus operator, the texts of messages as a ConfigMap. They go where Grafana and Prometheus run:
#
#     sh k8s/make-monitoring.sh | kubectl -n monitoring apply --server-side -f -
#
# On the server's side: a dashboard is too large for the annotation that `kubectl apply` keeps otherwise. Grafana's sidecar
# (of its Helm chart, and of kube-prometheus-stack) looks for the label grafana_dashboard and reads the folder from the
# annotation; another label: GRAFANA_LABEL=name=value. Prometheus takes rules by label: RULE_LABEL=release=kube-prometheus-stack.
set -eu
cd "$(dirname "$0")/.."
grafana=${GRAFANA_LABEL:-grafana_dashboard=1}
rules=${RULE_LABEL:-role=alert-rules}
for each in "$grafana" "$rules"; do
    case $each in *=*) ;; *) echo "$each: expected NAME=VALUE" >&2; exit 1 ;; esac
done
indented() { sed -e 's/^/    /' -e 's/^ *$//' "$1"; }
for path in grafana/dashboards/*.json; do
    name=$(basename "$path")
    cat <<END
apiVersion: v1
kind: ConfigMap
metadata:
  name: campaign-pulse-dashboard-${name%.json}
  labels:
    app.kubernetes.io/part-of: campaign-pulse
    ${grafana%%=*}: "${grafana#*=}"
  annotations:
    grafana_folder: Campaign Pulse
data:
  campaign-pulse-$name: |
$(indented "$path")
---
END
done
for path in prometheus/rules/*.yml; do
    name=$(basename "$path" .yml | tr . -)
    cat <<END
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: campaign-pulse-$name
  labels:
    app.kubernetes.io/part-of: campaign-pulse
    ${rules%%=*}: "${rules#*=}"
spec:
$(sed -e 's/^/  /' -e 's/^ *$//' "$path")
---
END
done
cat <<END
apiVersion: v1
kind: ConfigMap
metadata:
  name: campaign-pulse-messages
  labels:
    app.kubernetes.io/part-of: campaign-pulse
data:
  pulse.tmpl: |
$(indented alertmanager/templates/pulse.tmpl)
END
