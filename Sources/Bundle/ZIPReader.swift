/// Reads a ZIP and accepts it only when it is byte for byte what ``ZIPWriter`` writes for the same files.
///
/// So there is one way to read it, whichever program does: no second entry of a name, no data between or behind, no header
/// that says something else than the other. A ZIP that is right but not canonical is refused like a damaged one. Not for
/// use from several threads at once; every call blocks.
public final class ZIPReader: BundleSource {
    private let file: OpenFile
    private let path: String
    private let layout: ZIPLayout

    /// Opens the file; nothing of it is read yet.
    /// - Throws: ``BundleFileError``, also when it is no regular file.
    public convenience init(path: String) throws(BundleFileError) {
        try self.init(path: path, layout: ZIPLayout())
    }

    init(path: String, layout: ZIPLayout) throws(BundleFileError) {
        self.path = path
        self.layout = layout
        file = try OpenFile(reading: path)
        guard try file.status().kind == .file else {
            throw .malformed(path: path, entry: nil, reason: "it is not a regular file")
        }
    }

    public func walk(
        _ visit: (
            _ name: String, _ size: Int64, _ read: @escaping (_ piece: (UnsafeRawBufferPointer) throws -> Void) throws -> Void
        ) throws -> Void
    ) throws {
        let status = try file.status()
        file.adviseSequential()
        let end = UInt64(status.size)
        var order = EntryOrder()
        var entries: [ZIPEntry] = []
        var offset: UInt64 = 0
        while let (entry, dataOffset) = try header(at: offset, end: end, order: &order) {
            let reading = EntryReading(
                file: file, path: path, name: text(entry.name), offset: Int64(dataOffset), size: Int64(entry.size),
                check: entry.check)
            try reading.offer(to: visit)
            entries.append(entry)
            offset = dataOffset + entry.size
        }
        try compareDirectory(of: entries, at: offset, end: end)
        guard try file.status() == status else { throw BundleFileError.changedWhileRead(path: path, entry: nil) }
    }

    /// The entry whose local header begins at `offset`, and where its bytes begin; `nil` where the entries end.
    private func header(
        at offset: UInt64, end: UInt64, order: inout EntryOrder
    ) throws(BundleFileError) -> (entry: ZIPEntry, dataOffset: UInt64)? {
        func wrong(_ reason: String, _ entry: String? = nil) -> BundleFileError {
            .malformed(path: path, entry: entry, reason: "\(reason) (at byte \(offset))")
        }
        let most = ZIPLayout.localLength + BundleName.maximumLength + ZIPLayout.localExtraLength
        let bytes = try read(at: offset, count: Int(min(UInt64(most), end - offset)))
        guard bytes.count >= 4, bytes.little(at: 0, UInt32.self) == ZIPLayout.localSignature else {
            // Whatever stands here has to be the end of a canonical ZIP, to the last byte; that is compared next.
            return nil
        }
        guard bytes.count >= ZIPLayout.localLength else { throw wrong("the file ends in a local header") }
        let nameLength = Int(bytes.little(at: 26, UInt16.self))
        let nameEnd = ZIPLayout.localLength + nameLength
        guard nameLength <= BundleName.maximumLength else { throw wrong("the name has more than \(BundleName.maximumLength) bytes") }
        guard bytes.count >= nameEnd else { throw wrong("the file ends in a local header") }
        let name = Array(bytes[ZIPLayout.localLength..<nameEnd])
        let shown = text(name)
        if let fault = order.fault(next: name) { throw wrong(fault, shown) }
        var size = UInt64(bytes.little(at: 22, UInt32.self))
        if size == UInt32.max, bytes.little(at: 28, UInt16.self) == ZIPLayout.localExtraLength {
            guard bytes.count >= nameEnd + ZIPLayout.localExtraLength else { throw wrong("the file ends in a local header", shown) }
            size = bytes.little(at: nameEnd + 4, UInt64.self)
        }
        let entry = ZIPEntry(name: name, size: size, offset: offset, check: bytes.little(at: ZIPLayout.checkOffset, UInt32.self))
        var canonical: [UInt8] = []
        layout.appendLocalHeader(entry, to: &canonical)
        if let place = canonical.indices.first(where: { $0 >= bytes.count || bytes[$0] != canonical[$0] }) {
            let field = ZIPLayout.localField(at: place, nameLength: nameLength)
            throw wrong("its local header is not canonical in the field “\(field)”", shown)
        }
        let dataOffset = offset + UInt64(canonical.count)
        guard size <= end - dataOffset else {
            throw wrong("its header announces \(size) bytes and the file has \(end - dataOffset) more", shown)
        }
        return (entry, dataOffset)
    }

    /// Compares what is left of the file with the directory and end that these entries have.
    private func compareDirectory(of entries: [ZIPEntry], at start: UInt64, end: UInt64) throws(BundleFileError) {
        var offset = start
        var entry: String?
        func compare(_ expected: [UInt8], _ what: String) throws(BundleFileError) {
            let found = try read(at: offset, count: Int(min(UInt64(expected.count), end - offset)))
            guard found == expected else {
                let place = expected.indices.first { $0 >= found.count || found[$0] != expected[$0] } ?? 0
                let reason = place < found.count ? "differs from the canonical one" : "is cut off"
                throw .malformed(path: path, entry: entry, reason: "\(what) \(reason) (at byte \(offset + UInt64(place)))")
            }
            offset += UInt64(expected.count)
        }
        // Many headers at once, so that a reading is worth its call, and few enough that memory stays as it is.
        for batch in stride(from: 0, to: entries.count, by: 1024) {
            let part = entries[batch..<min(batch + 1024, entries.count)]
            var expected: [UInt8] = []
            for entry in part { layout.appendCentralHeader(entry, to: &expected) }
            let found = try read(at: offset, count: Int(min(UInt64(expected.count), end - offset)))
            if found == expected {
                offset += UInt64(expected.count)
                continue
            }
            for wrong in part {
                var header: [UInt8] = []
                layout.appendCentralHeader(wrong, to: &header)
                entry = text(wrong.name)
                try compare(header, "its header in the central directory")
            }
        }
        entry = nil
        var closing: [UInt8] = []
        layout.appendEnd(count: UInt64(entries.count), directoryOffset: start, directorySize: offset - start, to: &closing)
        try compare(closing, "the end record")
        guard offset == end else {
            throw .malformed(path: path, entry: nil, reason: "\(end - offset) bytes stand behind its end (at byte \(offset))")
        }
    }

    /// `count` bytes at `offset`; fewer only when the file was cut in the meantime.
    private func read(at offset: UInt64, count: Int) throws(BundleFileError) -> [UInt8] {
        var failure: BundleFileError?
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            do throws(BundleFileError) {
                filled = try file.read(into: UnsafeMutableRawBufferPointer(buffer), at: Int64(offset))
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return bytes
    }
}

extension [UInt8] {
    /// The number at `offset`, its lowest byte first; the caller has checked that it is there.
    fileprivate func little<Number: FixedWidthInteger>(at offset: Int, _: Number.Type) -> Number {
        withUnsafeBytes { Number(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: Number.self)) }
    }
}
