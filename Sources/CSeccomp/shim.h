#include <seccomp.h>
#include <errno.h>
#include <stdint.h>

// Actions are macros with casts and arguments, which Swift cannot import.
static const uint32_t scmp_act_allow = SCMP_ACT_ALLOW;
static const uint32_t scmp_act_log = SCMP_ACT_LOG;
static const uint32_t scmp_act_trap = SCMP_ACT_TRAP;
static const uint32_t scmp_act_notify = SCMP_ACT_NOTIFY;
static const uint32_t scmp_act_kill_process = SCMP_ACT_KILL_PROCESS;
static const uint32_t scmp_act_enosys = SCMP_ACT_ERRNO(ENOSYS);
