import CPoppler
import ExtractionWire
import Glibc

/// Reads a PDF through Poppler: the text of its pages and what it says of itself. Nothing else of it is touched: no forms,
/// actions, annotations, attachments or signatures, which is where the time and most of the bugs are.
enum PDFReader {
    private static let fewPages = 12

    /// Why a PDF cannot be opened.
    struct Failure: Error {
        let isEncrypted: Bool
        let reason: String
    }

    static func open(_ source: Document) throws(Failure) -> OpaquePointer {
        var failure: UnsafeMutablePointer<GError>?
        let opened: OpaquePointer?
        if source.isWhole {
            // Lives until the process ends, as the mapping does.
            let bytes = g_bytes_new_static(source.bytes.baseAddress, gsize(source.bytes.count))
            opened = poppler_document_new_from_bytes(bytes, nil, &failure)
        } else {
            opened = poppler_document_new_from_fd(source.descriptor, nil, &failure)
        }
        guard let opened else { throw Self.failure(failure) }
        return opened
    }

    static func read(_ source: Document, _ answer: consuming AnswerWriter) -> Never {
        let document: OpaquePointer
        do throws(Failure) {
            document = try open(source)
        } catch {
            answer.failed(error.reason)
        }
        sendFacts(of: document, source, &answer)
        let count = Int(poppler_document_get_n_pages(document))
        var unreadable = 0
        for index in 0..<max(count, 0) {
            guard let page = poppler_document_get_page(document, Int32(index)) else {
                unreadable += 1
                answer.page(UnsafeBufferPointer(start: nil, count: 0))
                if answer.limitMet != nil { break }
                continue
            }
            // The document goes with the process; a page has to go before the next.
            if let text = PageText(page) {
                ReadableText.with(text.bytes) { answer.page($0) }
                text.release()
            } else {
                answer.page(UnsafeBufferPointer(start: nil, count: 0))
            }
            // A few pages go with the process, which is cheaper than taking them apart.
            if count > fewPages { g_object_unref(gpointer(page)) }
            if answer.limitMet != nil { break }
        }
        if unreadable > 0 { answer.fact(.unreadablePages, String(unreadable)) }
        answer.done(pageCount: min(max(count, 0), Frame.pageCountAtMost))
    }

    /// Does once what reading does, for its lasting effects on the libraries, the language's own included.
    static func touch(_ document: OpaquePointer, _ bytes: UnsafeRawBufferPointer) {
        _ = isEncrypted(bytes)
        for (_, read) in texts {
            guard let text = read(document) else { continue }
            _ = AnswerWriter.line(String(cString: text))
            g_free(text)
        }
        for (_, read) in dates { _ = iso8601(read(document)) }
        g_free(poppler_document_get_pdf_version_string(document))
        guard let page = poppler_document_get_page(document, 0) else { return }
        PageText(page)?.release()
        g_object_unref(gpointer(page))
    }

    private typealias TextGetter = @convention(c) (OpaquePointer?) -> UnsafeMutablePointer<CChar>?
    private typealias DateGetter = @convention(c) (OpaquePointer?) -> OpaquePointer?

    private static var texts: [(FactKey, TextGetter)] {
        [
            (.title, poppler_document_get_title), (.author, poppler_document_get_author),
            (.subject, poppler_document_get_subject), (.keywords, poppler_document_get_keywords),
            (.creator, poppler_document_get_creator), (.producer, poppler_document_get_producer),
        ]
    }

    private static var dates: [(FactKey, DateGetter)] {
        [
            (.created, poppler_document_get_creation_date_time),
            (.modified, poppler_document_get_modification_date_time),
        ]
    }

    private static func sendFacts(of document: OpaquePointer, _ source: Document, _ answer: inout AnswerWriter) {
        for (key, read) in texts {
            guard let text = read(document) else { continue }
            answer.fact(key, String(cString: text))
            g_free(text)
        }
        for (key, read) in dates {
            if let date = iso8601(read(document)) { answer.fact(key, date) }
        }
        if let version = poppler_document_get_pdf_version_string(document) {
            let name = String(cString: version)
            answer.fact(.pdfVersion, name.hasPrefix("PDF-") ? String(name.dropFirst(4)) : name)
            g_free(version)
        }
        answer.fact(.encrypted, isEncrypted(source.bytes) ? "yes" : "no")
    }

    private static func iso8601(_ date: OpaquePointer?) -> String? {
        guard let date else { return nil }
        defer { g_date_time_unref(date) }
        guard let text = g_date_time_format_iso8601(date) else { return nil }
        defer { g_free(text) }
        return String(cString: text)
    }

    /// Poppler opens a document that is encrypted with the empty password without telling. The dictionary that says it is never
    /// compressed: it is the trailer at the end, or that of the cross-reference stream which the last line but one points to.
    private static func isEncrypted(_ bytes: UnsafeRawBufferPointer) -> Bool {
        let window = 4 << 10
        var parts = [bytes.prefix(window), bytes.suffix(window)]
        if let start = lastCrossReference(bytes) { parts.append(bytes[start...].prefix(window)) }
        for part in parts.map(UnsafeRawBufferPointer.init(rebasing:)) {
            var after = 0
            while let start = part.offset(of: "/Encrypt", from: after) {
                after = start + 8
                // A reference or a dictionary follows, with or without space: not a longer name like /EncryptMetadata.
                if after < part.count, " \r\n\t<0123456789".utf8.contains(part[after]) { return true }
            }
        }
        return false
    }

    /// Where the last `startxref` points to, `nil` when it points nowhere in the document.
    private static func lastCrossReference(_ bytes: UnsafeRawBufferPointer) -> Int? {
        let end = UnsafeRawBufferPointer(rebasing: bytes.suffix(1 << 10))
        guard let name = end.offset(of: "startxref", from: 0) else { return nil }
        var offset = 0
        for byte in end[(name + 9)...].drop(while: { $0 == 0x20 || $0 == 0x0A || $0 == 0x0D }) {
            guard (48...57).contains(byte), offset < bytes.count else { break }
            offset = offset * 10 + Int(byte - 48)
        }
        return offset < bytes.count ? offset : nil
    }

    private static func failure(_ failure: UnsafeMutablePointer<GError>?) -> Failure {
        guard let error = failure?.pointee else { return Failure(isEncrypted: false, reason: "the PDF cannot be opened") }
        if error.domain == poppler_error_quark(), error.code == Int32(POPPLER_ERROR_ENCRYPTED.rawValue) {
            return Failure(isEncrypted: true, reason: "encrypted: needs a password")
        }
        return Failure(isEncrypted: false, reason: error.message.map { String(cString: $0) } ?? "the PDF cannot be opened")
    }
}
