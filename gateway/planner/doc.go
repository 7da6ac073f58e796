// Package planner answers HTTP as Faasm does: its upload server's paths, its planner's
// messages and the messages that its workers took until 2023, on one address. Scripts and
// clients written for Faasm work on it unchanged; docs/faasm.md says where they notice a
// difference.
//
// Texts and shapes of JSON are Faasm's, as of faabric's PlannerEndpointHandler.cpp and
// faabric.proto; what it does is package gateway's own.
package planner
