internal import Synchronization

/// The reserve: a file that only takes room, so that on a full disk there is some to record who saw what, and what was refused.
extension ArchiveFolder {
    /// Bytes that the reserve takes.
    public static let reserveSize: Int64 = 8 << 20

    private static let reserveName = Array("reserve".utf8)

    /// Makes the reserve where it is not there, or too small, and the disk has room for it and what deposits leave free.
    ///
    /// - Returns: whether it is there. That it is not keeps nothing from being done.
    @discardableResult
    public func keepReserve() -> Bool {
        hasReserve.withLock { isThere in
            if !isThere { isThere = takeReserve() }
            return isThere
        }
    }

    private func takeReserve() -> Bool {
        do throws(SystemCallError) {
            let isThere = try system.exists(Self.reserveName, in: folder)
            let file = isThere ? try system.openToWrite(Self.reserveName, in: folder) : try system.create(Self.reserveName, in: folder)
            if try system.status(of: file).size >= Self.reserveSize { return true }
            guard try system.freeSpace(of: folder) >= Self.reserveSize + 2 * ObjectStore.freeSpaceFloor else { return false }
            try system.allocate(file, size: Self.reserveSize)
            return true
        } catch {
            // A part of it would be taken for all of it. What is wrong with the disk is told by whoever has something to write.
            release()
            return false
        }
    }

    /// Gives the room of the reserve free, once.
    ///
    /// - Returns: whether there is more room now than before.
    public func releaseReserve() -> Bool {
        hasReserve.withLock { isThere in
            guard isThere else { return false }
            isThere = false
            return release()
        }
    }

    @discardableResult
    private func release() -> Bool {
        do throws(SystemCallError) {
            let file = try system.openToWrite(Self.reserveName, in: folder)
            try system.truncate(file)
            // The blocks are free for others when this is on the disk.
            try system.synchronize(file)
            return true
        } catch {
            return false
        }
    }
}
