// Package inspect lets one Faaslens process on a machine be asked by another what it is
// doing. A process listens on a Unix socket named after its PID in a directory that only
// its user can enter; whoever connects gets one report, in JSON, and the connection is
// closed. Nothing is sent to the process, so nothing can be asked of it but that.
package inspect
