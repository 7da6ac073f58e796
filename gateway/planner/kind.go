package planner

import (
	"encoding/json"
	"strconv"
)

// kind is what a planner's message is for: faabric's HttpMessage.Type.
type kind int

const (
	reset           kind = 1
	flushHosts      kind = 2
	flushExecutors  kind = 3
	flushState      kind = 4
	getHosts        kind = 5
	getConfig       kind = 6
	getGraph        kind = 7
	getApps         kind = 8
	executeBatch    kind = 10
	batchStatus     kind = 11
	preloadDecision kind = 12
	setPolicy       kind = 13
	getPolicy       kind = 14
	setEvicted      kind = 15
)

// kindNames are the names of Faasm's that clients may use in place of the numbers.
func kindNames() map[string]kind {
	return map[string]kind{
		"RESET": reset, "FLUSH_AVAILABLE_HOSTS": flushHosts, "FLUSH_EXECUTORS": flushExecutors,
		"FLUSH_SCHEDULING_STATE": flushState, "GET_AVAILABLE_HOSTS": getHosts, "GET_CONFIG": getConfig,
		"GET_EXEC_GRAPH": getGraph, "GET_IN_FLIGHT_APPS": getApps, "EXECUTE_BATCH": executeBatch,
		"EXECUTE_BATCH_STATUS": batchStatus, "PRELOAD_SCHEDULING_DECISION": preloadDecision,
		"SET_POLICY": setPolicy, "GET_POLICY": getPolicy, "SET_NEXT_EVICTED_VM": setEvicted,
	}
}

// parseKind reads a number or a name, in quotes or not, as protobuf's JSON has enums.
func parseKind(raw json.RawMessage) (kind, bool) {
	var name string
	if json.Unmarshal(raw, &name) != nil {
		name = string(raw)
	}
	names := kindNames()
	if k, ok := names[name]; ok {
		return k, true
	}
	n, err := strconv.Atoi(name)
	if err != nil {
		return 0, false
	}
	for _, k := range names {
		if k == kind(n) {
			return k, true
		}
	}
	return 0, false
}
