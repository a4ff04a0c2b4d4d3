// SPDX-License-Identifier: Apache-2.0
// GLib, GStreamer, gst-rtsp-server and libsoup as Swift sees them: their headers, and inline functions for what
// Swift cannot import (macros with casts, variadic functions). No logic of ours lives here.
#pragma once

#include <gio/gio.h>
#include <glib-unix.h>
#include <gst/app/gstappsink.h>
#include <gst/app/gstappsrc.h>
#include <gst/base/gstbasesink.h>
#include <gst/gst.h>
#include <gst/rtsp-server/rtsp-server.h>
#include <gst/sdp/gstsdpmessage.h>
#include <gst/video/video.h>
#define GST_USE_UNSTABLE_API
#include <gst/webrtc/webrtc.h>
#include <libsoup/soup.h>

// Fundamental types are macros with casts.
static inline GType martlet_type_string(void) { return G_TYPE_STRING; }
static inline GType martlet_type_boolean(void) { return G_TYPE_BOOLEAN; }
static inline GType martlet_type_int64(void) { return G_TYPE_INT64; }
static inline GType martlet_type_uint(void) { return G_TYPE_UINT; }
static inline GType martlet_type_uint64(void) { return G_TYPE_UINT64; }
static inline GType martlet_type_boxed(void) { return G_TYPE_BOXED; }
static inline GType martlet_value_type(const GValue *value) { return G_VALUE_TYPE(value); }
static inline gboolean martlet_value_holds_object(const GValue *value) { return G_VALUE_HOLDS_OBJECT(value); }
static inline gboolean martlet_value_holds_buffer(const GValue *value) { return GST_VALUE_HOLDS_BUFFER(value); }
static inline GstBuffer *martlet_value_buffer(const GValue *value) { return gst_value_get_buffer(value); }
static inline GType martlet_object_type(gpointer object) { return G_OBJECT_TYPE(object); }
static inline GObjectClass *martlet_object_class(gpointer object) { return G_OBJECT_GET_CLASS(object); }
static inline gboolean martlet_is_pipeline(gpointer object) { return GST_IS_PIPELINE(object); }
static inline gboolean martlet_is_bin(gpointer object) { return GST_IS_BIN(object); }

// GParamFlags are an enumeration whose values Swift does not combine.
static inline GParamSpec *martlet_string_property(const char *name) {
    // Not G_PARAM_STATIC_STRINGS: what Swift passes as a C string is gone after the call.
    return g_param_spec_string(name, NULL, NULL, NULL, G_PARAM_READWRITE);
}

// Errors with details of their own: gst_element_message_full is wrapped by variadic macros.
static inline void martlet_element_error(GstElement *element, GstResourceError code, const char *text, const char *debug,
                                         const char *file, const char *function, int line) {
    gst_element_message_full(element, GST_MESSAGE_ERROR, GST_RESOURCE_ERROR, code, g_strdup(text), g_strdup(debug), file,
                             function, line);
}

// The buffer's flag macros take an lvalue.
static inline gboolean martlet_buffer_is_delta(GstBuffer *buffer) {
    return GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_DELTA_UNIT);
}

static inline void martlet_buffer_set_delta(GstBuffer *buffer) { GST_BUFFER_FLAG_SET(buffer, GST_BUFFER_FLAG_DELTA_UNIT); }

// webrtcbin is spoken to by signals alone, which are emitted by a variadic function.
static inline void martlet_webrtc_set_description(gpointer bin, gboolean is_remote, GstWebRTCSessionDescription *description,
                                                  GstPromise *promise) {
    g_signal_emit_by_name(bin, is_remote ? "set-remote-description" : "set-local-description", description, promise);
}
static inline void martlet_webrtc_create_answer(gpointer bin, GstPromise *promise) {
    g_signal_emit_by_name(bin, "create-answer", NULL, promise);
}
// The answer that a promise brings; the caller frees it. NULL if there is none.
static inline GstWebRTCSessionDescription *martlet_webrtc_answer(GstPromise *promise) {
    GstWebRTCSessionDescription *answer = NULL;
    const GstStructure *reply = gst_promise_get_reply(promise);
    if (reply) gst_structure_get(reply, "answer", GST_TYPE_WEBRTC_SESSION_DESCRIPTION, &answer, NULL);
    return answer;
}
static inline GstWebRTCSessionDescription *martlet_webrtc_local_description(gpointer bin) {
    GstWebRTCSessionDescription *description = NULL;
    g_object_get(bin, "local-description", &description, NULL);
    return description;
}
static inline int martlet_enum_property(gpointer object, const char *name) {
    int value = -1;
    g_object_get(object, name, &value, NULL);
    return value;
}
// UPnP asks the network for 200 ms whether there is a router to open a port on.
static inline void martlet_webrtc_disable_upnp(gpointer bin) {
    GObject *ice = NULL, *agent = NULL;
    g_object_get(bin, "ice-agent", &ice, NULL);
    if (ice && g_object_class_find_property(G_OBJECT_GET_CLASS(ice), "agent")) g_object_get(ice, "agent", &agent, NULL);
    if (agent) g_object_set(agent, "upnp", FALSE, NULL);
    g_clear_object(&agent);
    g_clear_object(&ice);
}

// What the other end has lost is sent again when it asks (RFC 4588), if it has offered to ask.
static inline void martlet_webrtc_retransmit(gpointer bin) {
    GArray *transceivers = NULL;
    g_signal_emit_by_name(bin, "get-transceivers", &transceivers);
    if (!transceivers) return;
    for (guint i = 0; i < transceivers->len; i++) g_object_set(g_array_index(transceivers, GObject *, i), "do-nack", TRUE, NULL);
    g_array_unref(transceivers);
}

// What a line of the debug log is about: a GstObject's name, a pad's with its element's; NULL for anything else. Without
// a lock, as GStreamer's own log does it: what logs may hold the object's.
static inline const char *martlet_debug_object_name(gpointer object) {
    return object && GST_IS_OBJECT(object) ? GST_OBJECT_NAME(object) : NULL;
}
static inline const char *martlet_debug_pad_parent_name(gpointer object) {
    return object && GST_IS_PAD(object) ? martlet_debug_object_name(GST_OBJECT_PARENT(object)) : NULL;
}

// The debug log's entry points are macros around these names when logging is compiled out.
static inline void martlet_debug_remove_default_log_function(void) { gst_debug_remove_log_function(gst_debug_log_default); }

// When the sender says that the buffer was captured, ns since 1900; GST_CLOCK_TIME_NONE if it has not said.
static inline GstClockTime martlet_buffer_ntp_time(GstBuffer *buffer) {
    static GstStaticCaps ntp = GST_STATIC_CAPS("timestamp/x-ntp");
    GstCaps *caps = gst_static_caps_get(&ntp);
    GstReferenceTimestampMeta *meta = gst_buffer_get_reference_timestamp_meta(buffer, caps);
    gst_caps_unref(caps);
    return meta ? meta->timestamp : GST_CLOCK_TIME_NONE;
}
static inline void martlet_buffer_add_ntp_time(GstBuffer *buffer, GstClockTime time) {
    static GstStaticCaps ntp = GST_STATIC_CAPS("timestamp/x-ntp");
    GstCaps *caps = gst_static_caps_get(&ntp);
    gst_buffer_add_reference_timestamp_meta(buffer, caps, time, GST_CLOCK_TIME_NONE);
    gst_caps_unref(caps);
}

// gst_buffer_copy is an inline function before 1.24 and a macro's target after: a copy of the metadata, the bytes shared.
static inline GstBuffer *martlet_buffer_copy(GstBuffer *buffer) { return gst_buffer_copy(buffer); }
