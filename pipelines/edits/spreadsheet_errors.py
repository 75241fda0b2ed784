"""The errors that spreadsheets show instead of a value, in the languages of Excel.

By language, without the marks around the word: `WERT` is `#WERT!` in German, `VALOR` is `#¡VALOR!`
in Spanish. From #NULL! to #N/A they are those of Excel's own list; of the newer ones only what
could be found. A word that is not here is told by its form.
"""

import re
import unicodedata
from collections.abc import Mapping

ERRORS: Mapping[str, str] = {
    "en": (
        "NULL DIV/0 VALUE REF NAME NUM N/A GETTING_DATA SPILL CONNECT BLOCKED UNKNOWN FIELD CALC"
        " BUSY PYTHON EXTERNAL"
    ),
    "bg": "ПРАЗНО ДЕЛ/0 СТОЙНОСТ РЕФ ИМЕ ЧИСЛО Н/Д",  # noqa: RUF001 - letters of that alphabet
    "ca": "NUL DIJ/0 VALOR REF NOM NUM N/D",
    "cs": (
        "DĚLENÍ_NULOU HODNOTA ODKAZ NÁZEV ČÍSLO NENÍ_K_DISPOZICI NAČÍTÁNÍ_DAT PŘESAH_DAT PŘIPOJIT"
        " BLOKOVÁNO BUŇKA VÝPOČET EXTERNÍ"
    ),
    "da": "NUL VÆRDI REFERENCE NAVN I/T",
    "de": "WERT BEZUG ZAHL NV DATEN_ABRUFEN ÜBERLAUF KALK",
    "el": "ΚΕΝΟ ΔΙΑΙΡ./0 ΤΙΜΗ ΑΝΑΦ ΟΝΟΜΑ ΑΡΙΘ Δ/Υ",  # noqa: RUF001 - letters of that alphabet
    "es": "NULO DIV/0 VALOR REF NOMBRE NUM N¡NUM N/D OBTENIENDO_DATOS DESBORDAMIENTO",
    "eu": "NULUA ZATI/0 BALIOA ERREF IZENA ZK E/E",
    "fi": "TYHJÄ JAKO/0 ARVO VIITTAUS NIMI LUKU PUUTTUU",
    "fr": (
        "NUL VALEUR NOM NOMBRE CHARGEMENT_DONNEES OBTENTION_DONNEES PROPAGATION CONNEXION BLOQUE"
        " CHAMP CALCUL"
    ),
    "gl": "NUL VALOR NOME NÚM N/D",
    "hr": "VRIJEDNOST NAZIV BROJ N/D",
    "hu": "NULLA ZÉRÓOSZTÓ ÉRTÉK HIV NÉV SZÁM HIÁNYZIK",
    "hy": (
        "ԶՐՈ ԲԱԺԱՆՈՒՄ/0 ԱՐԺԵՔ ՀՂՈՒՄ ԱՆՈՒՆ ԹԻՎ ԿԻՌ/ՉԷ ՏՎՅԱԼՆԵՐԻ_ՍՏԱՑՈՒՄ ՎԱՆԴԱԿԱՀԱՏՈՒՄ ԿԱՊԱԿՑՈՒՄ"
        " ԱՐԳԵԼԱՓԱԿՎԱԾ ԱՆՀԱՅՏ ԴԱՇՏ ՀԱՇՎԱՐԿ"
    ),
    "id": "NILAI NAMA LUAPAN",
    "it": "VALORE RIF NOME N/D ESTRAZIONE_DATI_IN_CORSO ESPANSIONE",
    "ja": "スピル",
    "ko": "분산",
    "ms": "NOL NILAI NAMA MENDAPATKAN_DATA LIMPAH SAMBUNG DISEKAT",
    "nb": "VERDI NAVN N/D",
    "nl": (
        "LEEG DEEL/0 DELING.DOOR.0 WAARDE VERW NAAM GETAL N/B GEGEVENS.OPHALEN OVERLOPEN BEREKENEN"
    ),
    "nn": "VERDI NAMN I/T HENTAR_DATA OVERFLYT KOPLE_TIL BLOKKERT UKJEND FELT BEREKN EKSTERN",
    "pl": "ZERO DZIEL/0 ARG ADR NAZWA LICZBA N/D",
    "pt": "NULO VALOR NOME NÚM N/D OBTENDO_DADOS DESPEJAR",
    "ro": "NUL VALOARE NUME",
    "ru": "ПУСТО ДЕЛ/0 ЗНАЧ ССЫЛКА ИМЯ ЧИСЛО Н/Д ОЖИДАНИЕ_ДАННЫХ ПЕРЕНОС ВЫЧИСЛ",  # noqa: RUF001 - letters of that alphabet
    "sk": "NEPLATNÝ DELENIENULOU HODNOTA ODKAZ NÁZOV ČÍSLO NEDOSTUPNÝ",
    "sl": "NIČ DEL/0 VREDN SKLIC IME ŠTEV N/V",
    "sv": "SKÄRNING DIVISION/0 VÄRDEFEL REFERENS NAMN OGILTIGT SAKNAS",
    "sw": "JINA NAM HAITUMAKI INAPATA_DATA MWAGIKA UNGANISHA IMEZUIWA UGA",
    "th": "สปิลล์",
    "tr": "BOŞ SAYI/0 DEĞER BAŞV AD SAYI YOK",
    "zh": "溢出",
}
WORDS = frozenset(
    unicodedata.normalize("NFC", word) for words in ERRORS.values() for word in words.split()
)

_MARKED = re.compile(r"#[¡¿]?(?P<word>[^\s!?#]{1,40})[!?]?")
_OF_THIS_FORM = re.compile(r"#[¡¿]?[^\W_][\w/.]{0,40}[!?]|#[^\W\d_]+(_[^\W\d_]+)+")


def is_error(text: str) -> bool:
    """Return whether a text is such an error: a known word, or one of that form; or only ####."""
    if not text.lstrip().startswith("#"):
        return False
    cell = unicodedata.normalize("NFC", text.strip())
    if len(cell) > 1 and not cell.strip("#"):
        return True
    found = _MARKED.fullmatch(cell)
    if found is not None and found["word"].upper() in WORDS:
        return True
    has_letter = any(char.isalpha() for char in cell)
    return has_letter and cell == cell.upper() and _OF_THIS_FORM.fullmatch(cell) is not None
