#pragma once

// Leaves out of the executable what makes Dispatch wake up once a second for as long as the process lives: it watches whether
// the threads on which Swift's tasks run are blocked, to add others. Ours never block (Linux.WorkerThreads is for what
// does), and an idle Launcher shall sleep.
//
// The linker puts these in the place of Dispatch's own functions (--wrap in Package.swift), by which a thread is added to
// those that are watched. Where a later Dispatch has no such functions, nothing changes but that it wakes up again:
// `make bench-launcher` tells.
void __wrap__dispatch_workq_worker_register(void *queue);
void __wrap__dispatch_workq_worker_unregister(void *queue);
