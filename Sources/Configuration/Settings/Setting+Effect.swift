// SPDX-License-Identifier: Apache-2.0

extension Setting {
    /// What another value interrupts.
    package enum Effect: String, Sendable {
        case nothing
        /// The chunk that is being written ends, and another begins: no frame is lost.
        case recording
        /// A camera's video begins anew: for a second or two nothing is seen or recorded of it.
        case stream
        /// Who is connected has to connect again; recording goes on.
        case clients
        /// It holds from the next start of the service on.
        case service
    }

    package var effect: Effect {
        switch (description.table, description.name) {
        case ("camera", "led"), (_, "max-space"), (_, "min-free"), (_, "max-age"), (_, "sync-interval"): .nothing
        case ("camera.upload", _): .nothing
        case ("camera.recording", _), ("store.recording", _), ("cameras.NAME", "record"): .recording
        case ("camera", _), ("cameras.NAME", _): .stream
        case ("camera.rtsp", _), ("store.rtsp", _), ("camera.web", _), ("store.web", _), ("camera.push", _): .clients
        case ("access", "directory"): .service
        default: .nothing
        }
    }
}
