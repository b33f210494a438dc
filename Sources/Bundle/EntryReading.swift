/// One file of a bundle while it is visited: hands its bytes over in pieces, checks them, and remembers what was wrong.
final class EntryReading {
    private let file: OpenFile
    private let path: String
    private let name: String
    private let offset: Int64
    private let size: Int64
    private let check: UInt32?
    private let status: OpenFile.Status?
    private var hasBegun = false
    private var isComplete = false
    private var failure: BundleFileError?

    /// - Parameters:
    ///   - check: the CRC-32 that the bytes have to have, where something says it.
    ///   - status: what the file has to look like still when all was read, where the file is this entry's own.
    init(
        file: OpenFile, path: String, name: String, offset: Int64, size: Int64, check: UInt32? = nil, status: OpenFile.Status? = nil
    ) {
        self.file = file
        self.path = path
        self.name = name
        self.offset = offset
        self.size = size
        self.check = check
        self.status = status
    }

    /// Visits the file, and reads it itself when the visitor did not.
    func offer(
        to visit: (
            _ name: String, _ size: Int64, _ read: @escaping (_ piece: (UnsafeRawBufferPointer) throws -> Void) throws -> Void
        ) throws -> Void
    ) throws {
        try visit(name, size) { piece in try self.readOnce(piece) }
        // A visitor that swallowed the error does not make the bytes right; one that stopped half-way has not checked them.
        if let failure { throw failure }
        if !isComplete { try read { _ in } }
    }

    private func readOnce(_ piece: (UnsafeRawBufferPointer) throws -> Void) throws {
        guard !hasBegun else {
            failure = failure ?? .readTwice(entry: name)
            throw BundleFileError.readTwice(entry: name)
        }
        hasBegun = true
        try read(piece)
    }

    private func read(_ piece: (UnsafeRawBufferPointer) throws -> Void) throws {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Int(min(Int64(pieceSize), max(size, 1))), alignment: 4096)
        defer { buffer.deallocate() }
        var computed = CyclicRedundancyCheck()
        var done: Int64 = 0
        while done < size {
            let bytes = UnsafeMutableRawBufferPointer(rebasing: buffer[..<Int(min(Int64(buffer.count), size - done))])
            try remembering { () throws(BundleFileError) in
                let count = try file.read(into: bytes, at: offset + done)
                guard count == bytes.count else { throw .changedWhileRead(path: path, entry: name) }
            }
            if check != nil { computed.update(UnsafeRawBufferPointer(bytes)) }
            try piece(UnsafeRawBufferPointer(bytes))
            done += Int64(bytes.count)
        }
        try remembering { () throws(BundleFileError) in
            if let check, computed.value != check {
                throw .malformed(path: path, entry: name, reason: "its bytes have another CRC-32 than its header says")
            }
            if let status, try file.status() != status { throw .changedWhileRead(path: path, entry: name) }
        }
        isComplete = true
    }

    private func remembering(_ body: () throws(BundleFileError) -> Void) throws(BundleFileError) {
        do throws(BundleFileError) {
            try body()
        } catch {
            failure = error
            throw error
        }
    }
}
