internal import Catalog
internal import Synchronization
internal import Vault

/// What is to come to the archive's disk and no row of an upload says: direct deposits, and bundles that are composed.
final class RoomReckoning: Sendable {
    private struct State {
        var inHand: Int64 = 0
        var beginning: Int64 = 0
    }

    private let state = Mutex(State())

    /// Bytes that are to come of what is in hand.
    var inHand: Int64 { state.withLock(\.inHand) }
    /// The same, and of uploads that begin at this moment and may have no row yet.
    var all: Int64 { state.withLock { $0.inHand + $0.beginning } }

    /// Reckons with an upload while it gets its row: whoever looks meanwhile sees the one or the other.
    func beginning<Value>(_ length: Int64, _ body: () throws -> Value) rethrows -> Value {
        state.withLock { $0.beginning += length }
        defer { state.withLock { $0.beginning -= length } }
        return try body()
    }

    fileprivate func add(_ bytes: Int64) { state.withLock { $0.inHand += bytes } }
}

/// Room that is taken for bytes that are to come. It is given back as they come, and the rest when nobody holds this any more.
final class RoomInHand: Sendable {
    private let reckoning: RoomReckoning
    private let left: Mutex<Int64>

    fileprivate init(_ bytes: Int64, of reckoning: RoomReckoning) {
        self.reckoning = reckoning
        left = Mutex(bytes)
        reckoning.add(bytes)
    }

    /// So many bytes are still to come; never more than before.
    func keep(_ rest: Int64) {
        let less = left.withLock { left in
            let less = max(left - max(rest, 0), 0)
            left -= less
            return less
        }
        reckoning.add(-less)
    }

    deinit { keep(0) }
}

extension Archive {
    /// Takes room for bytes that are to come, as uploads do: all that is to come has room, and ``UploadLimits/freeSpace`` is left.
    ///
    /// - Parameter refusal: the error where there is not so much.
    func takeRoom(_ bytes: Int64, refusal: (_ free: Int64, _ needed: Int64) -> any Error) throws -> RoomInHand {
        // Taken before it is looked: of two who come at once each sees the other. And the disk last, which has by then what came meanwhile.
        let taken = RoomInHand(bytes, of: room)
        let needed = uploadLimits.freeSpace + room.all + (try catalog.uploadRoom().toCome)
        let free = try folder.freeSpace()
        guard free >= needed else { throw refusal(free, needed) }
        return taken
    }

    /// Refuses bytes that come now where the disk has been filled meanwhile.
    func checkFloor(for bytes: Int) throws {
        let (free, needed) = (try folder.freeSpace(), uploadLimits.freeSpace + Int64(bytes))
        guard free >= needed else { throw UploadError.tooLittleSpace(free: free, needed: needed) }
    }
}
