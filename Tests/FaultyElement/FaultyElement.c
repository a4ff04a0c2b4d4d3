// SPDX-License-Identifier: Apache-2.0
// A GStreamer plugin with one element, `faulty`, that passes buffers on until it fails as drivers and encoders do:
// faulty fault=KIND after=BUFFERS
#include "FaultyElement.h"
#include <gst/base/gstbasetransform.h>
#include <gst/gst.h>
#include <string.h>

typedef struct {
    GstBaseTransform parent;
    // Owned. What goes wrong:
    //   silent    nothing comes any more, and nothing is said
    //   hang      the streaming thread never returns, so that no state change does either
    //   never     the element never becomes ready
    //   error     an error is posted
    //   flood     a thousand warnings for each buffer
    //   end       end of stream
    //   jump      timestamps are an hour ahead from then on
    //   back      timestamps are an hour behind from then on
    //   headless  no buffer is a keyframe any more
    char *fault;
    guint after;
    guint count;
} Faulty;

typedef struct {
    GstBaseTransformClass parent;
} FaultyClass;

G_DEFINE_TYPE(Faulty, faulty, GST_TYPE_BASE_TRANSFORM)

enum { PROPERTY_FAULT = 1, PROPERTY_AFTER };

static void hang(void) {
    for (;;) g_usleep(G_USEC_PER_SEC);
}

static GstFlowReturn transform(GstBaseTransform *transform, GstBuffer *buffer) {
    Faulty *self = (Faulty *)transform;
    const char *fault = self->fault ? self->fault : "";
    if (self->count++ < self->after) return GST_FLOW_OK;
    if (!strcmp(fault, "silent")) return GST_BASE_TRANSFORM_FLOW_DROPPED;
    if (!strcmp(fault, "hang")) hang();
    if (!strcmp(fault, "end")) return GST_FLOW_EOS;
    if (!strcmp(fault, "error")) {
        GST_ELEMENT_ERROR(self, STREAM, ENCODE, ("The encoder broke."), ("on purpose"));
        return GST_FLOW_ERROR;
    }
    if (!strcmp(fault, "flood")) {
        for (int i = 0; i < 1000; i++) GST_ELEMENT_WARNING(self, STREAM, ENCODE, ("Warning %d.", i % 3), (NULL));
    }
    if (!strcmp(fault, "jump")) GST_BUFFER_PTS(buffer) += 3600 * GST_SECOND;
    // No further than a machine has run that has just been started.
    if (!strcmp(fault, "back") && GST_BUFFER_PTS(buffer) > 60 * GST_SECOND) GST_BUFFER_PTS(buffer) -= 60 * GST_SECOND;
    if (!strcmp(fault, "jump") || !strcmp(fault, "back")) GST_BUFFER_DTS(buffer) = GST_CLOCK_TIME_NONE;
    if (!strcmp(fault, "headless")) GST_BUFFER_FLAG_SET(buffer, GST_BUFFER_FLAG_DELTA_UNIT);
    return GST_FLOW_OK;
}

static GstStateChangeReturn change_state(GstElement *element, GstStateChange change) {
    Faulty *self = (Faulty *)element;
    if (change == GST_STATE_CHANGE_NULL_TO_READY && self->fault && !strcmp(self->fault, "never")) hang();
    return GST_ELEMENT_CLASS(faulty_parent_class)->change_state(element, change);
}

static void set_property(GObject *object, guint number, const GValue *value, GParamSpec *specification) {
    Faulty *self = (Faulty *)object;
    switch (number) {
    case PROPERTY_FAULT:
        g_free(self->fault);
        self->fault = g_value_dup_string(value);
        break;
    case PROPERTY_AFTER:
        self->after = g_value_get_uint(value);
        break;
    default:
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, number, specification);
    }
}

static void finalize(GObject *object) {
    g_free(((Faulty *)object)->fault);
    G_OBJECT_CLASS(faulty_parent_class)->finalize(object);
}

static void faulty_class_init(FaultyClass *class) {
    GObjectClass *object_class = G_OBJECT_CLASS(class);
    object_class->set_property = set_property;
    object_class->finalize = finalize;
    g_object_class_install_property(
        object_class, PROPERTY_FAULT,
        g_param_spec_string("fault", "Fault", "What goes wrong", NULL, G_PARAM_WRITABLE | G_PARAM_STATIC_STRINGS));
    g_object_class_install_property(
        object_class, PROPERTY_AFTER,
        g_param_spec_uint(
            "after", "After", "How many buffers pass before", 0, G_MAXUINT, 0,
            G_PARAM_WRITABLE | G_PARAM_STATIC_STRINGS));

    GstElementClass *element_class = GST_ELEMENT_CLASS(class);
    element_class->change_state = change_state;
    gst_element_class_set_static_metadata(element_class, "Faulty", "Filter", "Fails on purpose", "Martlet");
    static GstStaticPadTemplate source = GST_STATIC_PAD_TEMPLATE("src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);
    static GstStaticPadTemplate sink = GST_STATIC_PAD_TEMPLATE("sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);
    gst_element_class_add_static_pad_template(element_class, &source);
    gst_element_class_add_static_pad_template(element_class, &sink);

    GST_BASE_TRANSFORM_CLASS(class)->transform_ip = transform;
}

static void faulty_init(Faulty *self) { gst_base_transform_set_in_place(GST_BASE_TRANSFORM(self), TRUE); }

static gboolean register_elements(GstPlugin *plugin) {
    return gst_element_register(plugin, "faulty", GST_RANK_NONE, faulty_get_type());
}

#define PACKAGE "martlet"
GST_PLUGIN_DEFINE(
    GST_VERSION_MAJOR, GST_VERSION_MINOR, FaultyElement, "Fails on purpose", register_elements, "1", "Apache 2.0", "Martlet",
    "https://martlet.invalid")
