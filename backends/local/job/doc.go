// Package job runs commands that outlive whoever started them, on Linux.
//
// A job is a folder and two small processes that need nobody:
//
//	starter ──spawns──► keeper ──parent of──► child ──writes──► output
//	   (TUI, CLI)         │  holds the socket, writes exit
//	                      └──restarts──► supervisor ──► output.idx, usage.jsonl, Tracker
//
// The keeper is the child's parent and the subreaper of all that descends from it.
// It holds the listening socket of the job's endpoint, so that a client that calls
// while there is no supervisor waits in the socket's queue instead of failing. The
// supervisor samples, indexes the output and serves the Tracker. Each has a
// session of its own and no open file of its starter's.
//
// What dies, and what it costs:
//
//   - the starter: nothing.
//   - the supervisor: nothing; the keeper starts another at once, and with growing
//     pauses only if they die one after the other. Job.Trouble says how often.
//   - the keeper: the exit code, and the restarts. The supervisor goes on, carries
//     out a stop, and in the end tells the Tracker that the exit is not known; the
//     job is then lost. While its child lives it is listed as running.
//   - both: the endpoint closes, the child goes on, its output stays readable, and
//     Stop works by the caller's own signals. Adopt gives such a job a supervisor
//     again, on the same port. It is a change, so it needs a grant and is never done
//     by reading; a program calls it when it opens a workspace to work in it.
//   - the machine: the boot id differs, so nothing is taken for alive.
//
// Tracker.Ended is told once. The one exception is a supervisor that is killed
// after Ended returned and before that was noted: the next one tells it again.
//
// Processes are known by pid, start time and boot. The variable FLIGHTDECK_JOB in
// the environment of the child marks all that descends from it, which finds those
// who left the tree when their keeper is gone. A job that a job started carries its
// own id: it is not stopped with the one that started it.
//
// The files of a folder are listed in folder.go. Each has one writer. State is
// replaced in one step, over a spare that was reserved beforehand when the disk is
// full. No address is stored, only a port; the token has a file of its own that
// only the owner can read. Order comes from a count and ends from a clock that
// never goes back, since wall clocks do.
//
// A job ends when its child does. What the child left running then is not killed,
// as after nohup; Stale lists it, and Stop on the ended job ends it.
//
// Every change asks for a grant inside the transport (transport.go). Keeper and
// supervisor act under the grant of the start, which the folder keeps.
package job
