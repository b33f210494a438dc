internal import Evidence
internal import Synchronization
internal import Vault

/// Copies objects from one store into another, on several threads: every byte is digested on the way, and durable at the end.
struct ObjectCopying: Sendable {
    struct Object: Sendable {
        let digest: Digest
        let size: Int64
    }

    /// The folder of the store that is read.
    let source: String
    let target: ObjectStore
    /// Whether what stands in the target already is read and digested, or believed when it has the right size.
    let checksTarget: Bool

    struct Outcome: Sendable {
        var copied = 0
        var copiedBytes: Int64 = 0
        /// What stood in the target and was not right, and is now.
        var mended = 0
        /// What could not be copied, and is not in the target.
        var damaged: [(object: Digest, damage: Damage)] = []
    }

    /// Objects, and bytes, that one lane makes durable together.
    private static let batch = 256
    private static let batchBytes: Int64 = 64 << 20

    /// - Parameter progress: how many bytes were copied or found there.
    func run(_ objects: [Object], progress: @escaping @Sendable (_ done: Int64) -> Void) throws -> Outcome {
        let shared = Progressing()
        let lane: @Sendable () throws -> Void = {
            // Whoever fails stops the others at their next object.
            var isDone = false
            defer { if !isDone { shared.next.withLock { $0 = objects.count } } }
            var staged: [StagedObject] = []
            while let object = shared.take(objects) {
                if let copy = try self.copy(object, shared) { staged.append(copy) }
                if staged.count >= Self.batch || staged.reduce(0, { $0 + $1.description.size }) >= Self.batchBytes {
                    try self.seal(&staged, shared)
                }
                progress(shared.count(object.size))
            }
            try self.seal(&staged, shared)
            isDone = true
        }
        try BlockingWork.together(Array(repeating: lane, count: BlockingWork.laneCount))
        return shared.outcome.withLock { outcome in
            outcome.damaged.sort { $0.object < $1.object }
            return outcome
        }
    }

    private func copy(_ object: Object, _ shared: Progressing) throws -> StagedObject? {
        let found = target.storedSize(of: object.digest)
        if found == object.size, !checksTarget || target.damage(of: object.digest, size: object.size) == nil { return nil }
        switch try target.stageCopy(of: object.digest, size: object.size, from: source) {
        case .staged(let staged):
            shared.outcome.withLock { outcome in
                outcome.copied += 1
                outcome.copiedBytes += object.size
                if found != nil { outcome.mended += 1 }
            }
            return staged
        case .damaged(let damage):
            // What stands in the target is wrong as well, and must not be taken for the object.
            _ = try target.quarantine(object.digest, size: object.size)
            shared.outcome.withLock { $0.damaged.append((object.digest, damage)) }
            return nil
        }
    }

    private func seal(_ staged: inout [StagedObject], _ shared: Progressing) throws {
        for (object, outcome) in zip(staged, try target.seal(staged)) {
            if case .refused(let damage) = outcome { shared.outcome.withLock { $0.damaged.append((object.digest, damage)) } }
        }
        staged = []
    }

    /// What the lanes share.
    private final class Progressing: Sendable {
        let next = Mutex(0)
        let done = Mutex<Int64>(0)
        let outcome = Mutex(Outcome())

        func take(_ objects: [Object]) -> Object? {
            next.withLock { next in
                guard next < objects.count else { return nil }
                next += 1
                return objects[next - 1]
            }
        }

        func count(_ bytes: Int64) -> Int64 {
            done.withLock { done in
                done += bytes
                return done
            }
        }
    }
}
