import CMagic
import CPoppler
import Glibc
import VietnameseText

/// The parsers' libraries, loaded and touched once in the worker so that every reader finds them so: a third of the time of a
/// small document otherwise goes into that.
///
/// What is touched here stays alive as long as the worker: a reader can open no library and no configuration any more.
struct WarmLibraries {
    let magic: OpaquePointer
    /// Poppler forgets its tables with its last document, so this one stays open.
    private let document: OpaquePointer
    /// The C library forgets a character conversion with its last user.
    private let conversions: [iconv_t?]
    private var isWarmForPages = false

    static var versions: String {
        "poppler/\(String(cString: poppler_get_version())) magic/\(magic_version())"
    }

    /// - returns: `nil` where the database of libmagic is missing or broken.
    init?() {
        // A reader ends soon and returns all at once: growing the heap in large steps saves it system calls.
        mallopt(M_MMAP_THRESHOLD, 64 << 20)
        mallopt(M_TRIM_THRESHOLD, 512 << 20)
        mallopt(M_TOP_PAD, 1 << 20)

        // Not inside archives or compressed files, and nothing that costs time without naming a kind that we read.
        let flags = MAGIC_MIME_TYPE | MAGIC_ERROR | MAGIC_NO_CHECK_COMPRESS
        guard let magic = magic_open(flags), magic_load(magic, nil) == 0 else { return nil }
        self.magic = magic
        let sample = Self.document
        _ = magic_buffer(magic, sample, sample.count)

        // What poppler uses for the title and author of a document.
        conversions = [iconv_open("UTF-8", "UTF-16BE"), iconv_open("UTF-8", "UTF-16LE"), iconv_open("UTF-8", "UTF-16")]
        let bytes = sample.withUnsafeBytes { g_bytes_new($0.baseAddress, gsize($0.count)) }
        guard let document = poppler_document_new_from_bytes(bytes, nil, nil) else { return nil }
        self.document = document
        sample.withUnsafeBytes { PDFReader.touch(document, $0) }
        _ = NormalForm.nfc("Minh chu\u{31B}\u{301}ng")
        _ = Windows1258.decode([0x41, 0x20, 0xFE])
        _ = Windows1258.isPlausible([0x41, 0x20, 0xFE])
    }

    /// Makes the libraries ready for drawing as well, once: a worker that is only asked for text does not pay for it. Fonts that are
    /// installed later are not seen by this worker.
    mutating func warmForPages() {
        guard !isWarmForPages else { return }
        isWarmForPages = true
        // Reads fontconfig's configuration and the lists of fonts, which no reader could.
        FcInit()
        guard let page = poppler_document_get_page(document, 0) else { return }
        if let surface = PageDrawing.draw(page, width: 20, height: 20) { cairo_surface_destroy(surface) }
        g_object_unref(gpointer(page))
    }

    /// A PDF of one page with a line of text, a title in UTF-16 and dates; without a cross-reference table, which poppler
    /// rebuilds.
    private static let document = Array(
        """
        %PDF-1.4
        1 0 obj <</Type/Catalog/Pages 2 0 R>> endobj
        2 0 obj <</Type/Pages/Kids[3 0 R]/Count 1>> endobj
        3 0 obj <</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>> endobj
        4 0 obj <</Length 41>> stream
        BT /F 12 Tf 20 100 Td (Minh chung) Tj ET 
        endstream endobj
        5 0 obj <</Type/Font/Subtype/Type1/BaseFont/Helvetica>> endobj
        6 0 obj <</Title<FEFF0041>/Author<FFFE4100>/Creator(A)/CreationDate(D:20200102030405+07'00')/ModDate(D:20200102030405Z)>> endobj
        trailer <</Root 1 0 R/Info 6 0 R/Size 7>>
        %%EOF

        """.utf8)
}
