internal import AsyncAlgorithms

extension RequestContent {
    /// Hands the bytes to `take` as a sequence, one piece at a time and no faster than they are taken. When either ends, so does the other.
    func arriving<Value: Sendable>(
        _ take: @escaping @Sendable (AsyncThrowingChannel<[UInt8], any Error>) async throws -> Value
    ) async throws -> Value {
        let channel = AsyncThrowingChannel<[UInt8], any Error>()
        return try await withThrowingTaskGroup(of: Void.self, returning: Value.self) { group in
            group.addTask {
                do {
                    try await forEachPiece { piece in
                        try Task.checkCancellation()
                        await channel.send(piece)
                    }
                    channel.finish()
                } catch { channel.fail(error) }
            }
            defer { group.cancelAll() }
            return try await take(channel)
        }
    }
}
