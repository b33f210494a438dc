import Evidence
import Ledger
import Synchronization

@testable import Web

/// Operations that only the tests have, for what the archive's own do not take yet.
enum TestOperations {
    /// Opens when a test says so; until then whoever waits waits.
    final class Gate: Sendable {
        private let waiting = Mutex<(isOpen: Bool, continuations: [CheckedContinuation<Void, Never>], arrived: Int)>((false, [], 0))

        var arrived: Int { waiting.withLock { $0.arrived } }

        func wait() async {
            await withCheckedContinuation { continuation in
                let isOpen = waiting.withLock { state in
                    state.arrived += 1
                    if !state.isOpen { state.continuations.append(continuation) }
                    return state.isOpen
                }
                if isOpen { continuation.resume() }
            }
        }

        func open() {
            let continuations = waiting.withLock { state in
                state.isOpen = true
                defer { state.continuations = [] }
                return state.continuations
            }
            continuations.forEach { $0.resume() }
        }

        /// Returns when so many have come.
        func arrivals(_ count: Int) async { while arrived < count { await Task.yield() } }
    }

    static let form = Schema.named(
        "Echo",
        .object([
            .required("name", .line(max: 100)), .optional("count", .integer(JSON.safeIntegers)), .optional("flag", .boolean),
            .optional("nested", .anything),
        ]))

    /// Answers the body that it was given.
    static let echo = Operation(
        "test.echo", .post, "/api/v1/test/echo", "The same again", tag: "test", body: .json(form),
        outcomes: [Operation.Outcome(200, .json(form), "The same.")]
    ) { call in .json(call.json ?? .null) }

    /// Says who asks.
    static let who = Operation(
        "test.who", .get, "/api/v1/test/who", "Who asks", tag: "test",
        outcomes: [Operation.Outcome(200, .json(.object([.required("account", .words), .required("client", .words)])), "Who.")]
    ) { call in .json(["account": .string(try call.actor.account), "client": .string(call.client)]) }

    /// Counts the bytes that it is sent.
    static func count(limit: Int64 = 1 << 20) -> Operation {
        Operation(
            "test.count", .put, "/api/v1/test/count", "How many bytes", tag: "test", body: .bytes(["application/octet-stream"], limit: limit),
            outcomes: [Operation.Outcome(200, .json(.object([.required("bytes", .count)])), "So many.")]
        ) { call in
            let count = Mutex(0)
            try await call.content?.forEachPiece { piece in count.withLock { $0 += piece.count } }
            return .json(["bytes": .number(count.withLock { $0 })])
        }
    }

    /// Fails as the archive may fail.
    static func failing(_ error: any Error) -> Operation {
        Operation(
            "test.fail", .get, "/api/v1/test/fail", "Fails", tag: "test", outcomes: [Operation.Outcome(204, .nothing, "Never.")],
            refusals: [402, 507]
        ) { _ in throw error }
    }

    /// Answers something that it does not say.
    static let undescribed = Operation(
        "test.undescribed", .get, "/api/v1/test/undescribed", "Says one thing and does another", tag: "test",
        outcomes: [Operation.Outcome(200, .json(.object([.required("name", .line())])), "A name.")]
    ) { _ in .json(["name": .string("x"), "secret": .string("y")]) }

    /// Answers when the gate is open.
    static func waiting(_ gate: Gate) -> Operation {
        Operation(
            "test.wait", .get, "/api/v1/test/wait", "Waits", tag: "test", outcomes: [Operation.Outcome(204, .nothing, "It was opened.")]
        ) { _ in
            await gate.wait()
            return .nothing
        }
    }

    /// Sends a few bytes when the gate is open.
    static func sending(_ gate: Gate) -> Operation {
        Operation(
            "test.send", .get, "/api/v1/test/send", "Waits and sends", tag: "test",
            outcomes: [Operation.Outcome(200, .bytes(["application/octet-stream"]), "Zeros.")]
        ) { _ in
            await gate.wait()
            return .stream(
                ByteStream(length: 100, bytes: { send in try await send([UInt8](repeating: 0, count: 100)) }), mediaType: "application/octet-stream")
        }
    }

    /// Sends bytes without end to whoever takes them, and tells the gate when nobody does.
    static func endless(_ gate: Gate) -> Operation {
        Operation(
            "test.endless", .get, "/api/v1/test/endless", "Never ends", tag: "test",
            outcomes: [Operation.Outcome(200, .bytes(["application/octet-stream"]), "Zeros.")]
        ) { _ in
            .stream(
                ByteStream(
                    length: nil,
                    bytes: { send in
                        do {
                            while true { try await send([UInt8](repeating: 0, count: 1 << 16)) }
                        } catch {
                            gate.open()
                            throw error
                        }
                    }), mediaType: "application/octet-stream")
        }
    }
}
