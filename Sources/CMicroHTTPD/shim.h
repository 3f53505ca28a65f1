#pragma once

#include <microhttpd.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

// MHD_get_connection_info is variadic, which Swift cannot call. Both values are read from the connection and need no
// further argument.

static inline int altp_mhd_connection_descriptor(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    return info ? info->connect_fd : -1;
}

static inline void *altp_mhd_socket_context(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info ? info->socket_context : 0;
}

// The library logs through a function that takes a va_list, which no Swift function can.

struct altp_mhd_log_sink {
    void (*write)(void *context, const char *line);
    void *context;
};

static inline void altp_mhd_log(void *sink, const char *format, va_list arguments) {
    char line[512];
    vsnprintf(line, sizeof line, format, arguments);
    ((struct altp_mhd_log_sink *)sink)->write(((struct altp_mhd_log_sink *)sink)->context, line);
}

/// The function as the option MHD_OPTION_EXTERNAL_LOGGER takes it; its closure pointer is an altp_mhd_log_sink.
static inline intptr_t altp_mhd_logger(void) { return (intptr_t)altp_mhd_log; }

/// Gives an upgraded connection back (MHD_upgrade_action is variadic), which closes it.
static inline void altp_mhd_close_upgraded(struct MHD_UpgradeResponseHandle *handle) {
    MHD_upgrade_action(handle, MHD_UPGRADE_ACTION_CLOSE);
}
