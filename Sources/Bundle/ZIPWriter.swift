/// Writes one canonical ZIP (see `ZIPLayout`) to a file that does not exist yet: for the same files always the same bytes.
///
/// Until ``finish()`` it stands as a `.part` beside its name. Memory does not grow with the files, and by some hundred bytes
/// for each entry. Not for use from several threads at once; every call blocks.
public final class ZIPWriter: BundleSink {
    private let place: NewPlace
    private let file: OpenFile
    private let layout: ZIPLayout
    private var order = EntryOrder()
    private var entries: [ZIPEntry] = []
    private var isOpen = true
    /// Finished or discarded.
    private var isSettled = false

    // What is written goes through this buffer, so that small files and headers share a system call.
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: pieceSize, alignment: 4096)
    private var filled = 0
    /// Where in the file the buffer begins.
    private var flushed: UInt64 = 0
    /// Up to where the kernel was told to begin writing to the disk.
    private var begun: UInt64 = 0

    /// Creates the `.part` beside `path`.
    /// - Throws: ``BundleFileError``; ``BundleFileError/exists(path:)`` when something has this name.
    public convenience init(path: String) throws(BundleFileError) {
        try self.init(path: path, layout: ZIPLayout())
    }

    init(path: String, layout: ZIPLayout) throws(BundleFileError) {
        self.layout = layout
        place = try NewPlace(path)
        file = try OpenFile(creating: place.part, in: place.folder)
    }

    deinit {
        discard()
        buffer.deallocate()
    }

    private var position: UInt64 { flushed + UInt64(filled) }

    public func add(
        _ name: String, size: Int64, _ body: (_ write: (UnsafeRawBufferPointer) throws -> Void) throws -> Void
    ) throws {
        guard isOpen else { throw BundleFileError.closed(path: place.path) }
        isOpen = false
        let bytes = Array(name.utf8)
        if let fault = order.fault(next: bytes) { throw BundleFileError.unfitName(name: name, reason: fault) }
        guard size >= 0 else { throw BundleFileError.sizeDiffers(name: name, announced: size, given: 0) }
        var entry = ZIPEntry(name: bytes, size: UInt64(size), offset: position, check: 0)
        var header: [UInt8] = []
        layout.appendLocalHeader(entry, to: &header)
        try append(header)
        var check = CyclicRedundancyCheck()
        var given: Int64 = 0
        try body { bytes in
            given += Int64(bytes.count)
            guard given <= size else { throw BundleFileError.sizeDiffers(name: name, announced: size, given: given) }
            check.update(bytes)
            try append(bytes)
        }
        guard given == size else { throw BundleFileError.sizeDiffers(name: name, announced: size, given: given) }
        entry.check = check.value
        // CRC-32 stands before the bytes that it is of: it is put there now that it is known.
        let field = entry.offset + UInt64(ZIPLayout.checkOffset)
        try withUnsafeBytes(of: entry.check.littleEndian) { try overwrite($0, at: field) }
        entries.append(entry)
        isOpen = true
    }

    public func finish() throws(BundleFileError) {
        guard isOpen else {
            discard()
            throw .closed(path: place.path)
        }
        do throws(BundleFileError) {
            let start = position
            for entry in entries {
                var header: [UInt8] = []
                layout.appendCentralHeader(entry, to: &header)
                try append(header)
            }
            var end: [UInt8] = []
            layout.appendEnd(count: UInt64(entries.count), directoryOffset: start, directorySize: position - start, to: &end)
            try append(end)
            try flush()
            try file.synchronize()
            try place.install(isFolder: false)
            isOpen = false
            isSettled = true
        } catch {
            discard()
            throw error
        }
    }

    public func discard() {
        isOpen = false
        guard !isSettled else { return }
        isSettled = true
        // A leftover has a name that says what it is; the error that brought us here is the one to tell.
        do { try place.folder.remove(place.part) } catch {}
    }

    // MARK: The buffer

    private func append(_ bytes: [UInt8]) throws(BundleFileError) {
        // The compiler does not carry the type of an error through `withUnsafeBytes` of an array.
        let result = bytes.withUnsafeBytes { buffer in Result { () throws(BundleFileError) in try append(buffer) } }
        try result.get()
    }

    private func append(_ bytes: UnsafeRawBufferPointer) throws(BundleFileError) {
        if bytes.count > buffer.count - filled { try flush() }
        if bytes.count >= buffer.count / 2, filled == 0 {
            // Large enough for a call of its own: it is not copied.
            try file.write(bytes, at: Int64(flushed))
            flushed += UInt64(bytes.count)
            beginWriting()
        } else if !bytes.isEmpty {
            UnsafeMutableRawBufferPointer(rebasing: buffer[filled...]).copyMemory(from: bytes)
            filled += bytes.count
        }
    }

    private func flush() throws(BundleFileError) {
        try file.write(UnsafeRawBufferPointer(rebasing: buffer[..<filled]), at: Int64(flushed))
        flushed += UInt64(filled)
        filled = 0
        beginWriting()
    }

    /// Lets the disk work while we do, 8 MiB at a time.
    private func beginWriting() {
        guard flushed - begun >= 8 << 20 else { return }
        file.beginWriting(from: Int64(begun), count: Int64(flushed - begun))
        begun = flushed
    }

    private func overwrite(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(BundleFileError) {
        // In the buffer or in the file, never half in each: a header is appended whole, and the buffer is flushed whole.
        if offset >= flushed {
            UnsafeMutableRawBufferPointer(rebasing: buffer[Int(offset - flushed)...]).copyMemory(from: bytes)
        } else {
            try file.write(bytes, at: Int64(offset))
        }
    }
}
