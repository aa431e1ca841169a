"""The table of national ids that python-stdnum validates: labels, forms, and an example of each.

The numbers are valid by their check digits alone; most stand in the package's documentation.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One kind of id.

    Attributes:
        name: The country's code, and what the id is called there.
        module: The module of python-stdnum that validates it.
        labels: What people write in front of it, divided by `|`.
        form: Source of a pattern of it.
        number: One that is valid, as people write it.
        wrong: One that isn't, since a check digit is another one.
        form_alone: Source of a pattern that is found without a label; empty where none is.
        alone: One of that form.
        digits: How many digits `form_alone` has in a row, single separators aside.
        beside: Characters, as a class of `re` lists them, of which `form_alone` has one, too.
    """

    name: str
    module: str
    labels: str
    form: str
    number: str
    wrong: str
    form_alone: str = ""
    alone: str = ""
    digits: int = 0
    beside: str = ""


ROWS: Final = (
    Row(
        name="ar_cuit",
        module="ar.cuit",
        labels="cuit|cuil|clave \u00fanica",
        form=r"(?:2[0347]|3[034])-?[0-9]{8}-?[0-9]",
        number="20267565393",
        wrong="20267565392",
        form_alone=r"(?:2[0347]|3[034])-[0-9]{8}-[0-9]",
        alone="20-05536168-2",
        digits=11,
        beside="-",
    ),
    Row(
        name="at_vnr",
        module="at.vnr",
        labels="svnr|sozialversicherungsnummer|versicherungsnummer|sv nummer|sv nr|vsnr",
        form=r"[1-9][0-9]{3} ?[0-3][0-9][01][0-9]{3}",
        number="1237 010180",
        wrong="2237 010180",
    ),
    Row(
        name="be_nn",
        module="be.nn",
        labels=(
            "rijksregisternummer|rijksregister|num\u00e9ro national|registre national|nationalregister|insz"
            "|niss|nrn"
        ),
        form=r"[0-9]{2}[. ]?[01][0-9][. ]?[0-3][0-9][\- ]?[0-9]{3}[. ]?[0-9]{2}",
        number="85 07 30 033 28",
        wrong="85 07 30 033 29",
        form_alone=r"[0-9]{2}\.[01][0-9]\.[0-3][0-9]-[0-9]{3}[. ][0-9]{2}",
        alone="85.07.30-033.28",
        digits=11,
        beside="-",
    ),
    Row(
        name="bg_egn",
        module="bg.egn",
        labels="egn|\u0415\u0413\u041d|\u0435\u0433\u043d",
        form=r"[0-9]{10}",
        number="8032056031",
        wrong="8032056032",
    ),
    Row(
        name="ch_ahv",
        module="ch.ssn",
        labels="ahv|avs|ahvn13|ahv nummer|num\u00e9ro avs|oasi|sozialversicherungsnummer",
        form=r"756[0-9]{10}",
        number="7569217076985",
        wrong="7569217076984",
        form_alone=r"7(?<![0-9].)56\.[0-9]{4}\.[0-9]{4}\.[0-9]{2}",
        alone="756.9217.0769.85",
        digits=13,
        beside=".",
    ),
    Row(
        name="cl_rut",
        module="cl.rut",
        labels="rut|rol \u00fanico|rol unico|r.u.t.|c\u00e9dula de identidad|cedula de identidad",
        form=r"[1-9][0-9]?\.?[0-9]{3}\.?[0-9]{3}-?[0-9Kk]",
        number="12531909-2",
        wrong="12531909-3",
        form_alone=r"[1-9][0-9]?\.[0-9]{3}\.[0-9]{3}-[0-9Kk]",
        alone="12.531.909-2",
        digits=7,
        beside="-",
    ),
    Row(
        name="co_nit",
        module="co.nit",
        labels="nit|n\u00famero de identificaci\u00f3n tributaria",
        form=r"[0-9]{3}\.?[0-9]{3}\.?[0-9]{3}-?[0-9]",
        number="213.123.432-1",
        wrong="213.123.432-5",
    ),
    Row(
        name="cz_rc",
        module="cz.rc",
        labels="rodn\u00e9 \u010d\u00edslo|rodne cislo|rodn\u00e9 c\u00edslo|birth number",
        form=r"[0-9]{2}[0-8][0-9][0-3][0-9]/?[0-9]{4}",
        number="710319/2745",
        wrong="710319/2746",
    ),
    Row(
        name="dk_cpr",
        module="dk.cpr",
        labels="cpr|cpr nummer|cpr nr|personnummer",
        form=r"[0-3][0-9][01][0-9]{3}-?[0-9]{4}",
        number="211062-5629",
        wrong="511062-5629",
    ),
    Row(
        name="do_cedula",
        module="do.cedula",
        labels="c\u00e9dula|cedula",
        form=r"[0-9]{3}-?[0-9]{7}-?[0-9]",
        number="00113918205",
        wrong="00113918204",
        form_alone=r"[0-9]{3}-[0-9]{7}-[0-9]",
        alone="001-1391820-5",
        digits=11,
        beside="-",
    ),
    Row(
        name="ec_ci",
        module="ec.ci",
        labels="c\u00e9dula|cedula|c\u00e9dula ecuatoriana",
        form=r"[0-9]{9}-?[0-9]",
        number="171430710-3",
        wrong="171430710-4",
    ),
    Row(
        name="ee_ik",
        module="ee.ik",
        labels="isikukood|isikukoodi|estonian id|personal identification code",
        form=r"[1-8][0-9]{10}",
        number="36805280109",
        wrong="36805280108",
    ),
    Row(
        name="es_cif",
        module="es.cif",
        labels="cif|nif|c.i.f.|c.i.f",
        form=r"[A-HJNP-SUVW]-?[0-9]{7}-?[0-9A-J]",
        number="J99216582",
        wrong="J99216583",
    ),
    Row(
        name="fi_hetu",
        module="fi.hetu",
        labels="hetu|henkil\u00f6tunnus|henkilotunnus|personbeteckning",
        form=r"[0-3][0-9][01][0-9]{3}[\-+A-FU-Y][0-9]{3}[0-9A-FHJ-NPR-Y]",
        number="131052-308T",
        wrong="131052-308U",
        form_alone=r"[0-3][0-9][01][0-9]{3}[\-+A-FU-Y][0-9]{3}[0-9A-FHJ-NPR-Y]",
        alone="131052-308T",
        digits=6,
        beside=r"\-+A-FU-Y",
    ),
    Row(
        name="fr_nif",
        module="fr.nif",
        labels="num\u00e9ro fiscal|numero fiscal|num\u00e9ro spi|r\u00e9f\u00e9rence fiscale",
        form=r"[0-3][0-9](?: ?[0-9]){11}",
        number="3023217600053",
        wrong="3023217600054",
    ),
    Row(
        name="gr_amka",
        module="gr.amka",
        labels="amka|\u0391\u039c\u039a\u0391|\u03b1\u03bc\u03ba\u03b1",
        form=r"[0-3][0-9][01][0-9]{8}",
        number="01013099997",
        wrong="01013099999",
    ),
    Row(
        name="gr_afm",
        module="gr.vat",
        labels="afm|\u0391\u03a6\u039c|\u03b1\u03c6\u03bc",
        form=r"[0-9]{9}",
        number="094259216",
        wrong="123456781",
    ),
    Row(
        name="hr_oib",
        module="hr.oib",
        labels="oib|osobni identifikacijski broj",
        form=r"[0-9]{11}",
        number="33392005961",
        wrong="33392005962",
    ),
    Row(
        name="id_nik",
        module="id.nik",
        labels="nik|ktp|nomor induk kependudukan|no ktp",
        form=r"[1-9][0-9]{15}",
        number="3171011708450001",
        wrong="9971011708450001",
    ),
    Row(
        name="ie_pps",
        module="ie.pps",
        labels="pps|ppsn|pps number|personal public service",
        form=r"[0-9]{7}[A-W][A-IWTX]?",
        number="6433435F",
        wrong="6433435E",
    ),
    Row(
        name="il_id",
        module="il.idnr",
        labels=(
            "teudat zehut|mispar zehut|israeli id|\u05ea\u05e2\u05d5\u05d3\u05ea \u05d6\u05d4\u05d5\u05ea"
            "|\u05de\u05e1\u05e4\u05e8 \u05d6\u05d4\u05d5\u05ea"
        ),
        form=r"[0-9]{7,8}-?[0-9]",  # leading zeros are often left out
        number="039337423",
        wrong="039337422",
    ),
    Row(
        name="is_kennitala",
        module="is_.kennitala",
        labels="kennitala|kennit\u00f6lu",
        form=r"[0-7][0-9][01][0-9]{3}-?[0-9]{4}",
        number="120174-3399",
        wrong="120174-3389",
    ),
    Row(
        name="jp_my_number",
        module="jp.in_",
        labels=(
            "my number|mynumber|individual number|\u30de\u30a4\u30ca\u30f3\u30d0\u30fc|\u500b\u4eba\u756a\u53f7"
        ),
        form=r"[0-9]{4}[ \-]?[0-9]{4}[ \-]?[0-9]{4}",
        number="6214 9832 0257",
        wrong="6214 9832 0258",
    ),
    Row(
        name="ke_pin",
        module="ke.pin",
        labels="kra|kra pin",
        form=r"[AP][0-9]{9}[A-Z]",
        number="A004416331M",
        wrong="X004416331M",
    ),
    Row(
        name="lt_asmens",
        module="lt.asmens",
        labels="asmens kodas|asmens kodo",
        form=r"[1-6][0-9]{10}",
        number="33309240064",
        wrong="33309240164",
    ),
    Row(
        name="lv_pk",
        module="lv.pvn",
        labels="personas kods|personas koda|latvian id",
        form=r"[0-3][0-9](?:[01][0-9]{3}|[0-9]{4})-?[0-9]{5}",
        number="161175-19997",
        wrong="161175-19996",
        form_alone=r"[0-3][0-9][01][0-9]{3}-[0-9]{5}",
        alone="161175-19997",
        digits=11,
        beside="-",
    ),
    Row(
        name="my_nric",
        module="my.nric",
        labels="mykad|nric|ic number|no kad pengenalan|kad pengenalan|malaysian ic",
        form=r"[0-9]{2}[01][0-9][0-3][0-9]-?[0-9]{2}-?[0-9]{4}",
        number="770305-02-1234",
        wrong="770305-17-1234",
    ),
    Row(
        name="nl_bsn",
        module="nl.bsn",
        labels="bsn|burgerservicenummer|sofinummer|sofi nummer|citizen service number",
        form=r"[0-9]{4}\.?[0-9]{2}\.?[0-9]{3}",
        number="111222333",
        wrong="111252333",
    ),
    Row(
        name="no_fodselsnummer",
        module="no.fodselsnummer",
        labels="f\u00f8dselsnummer|fodselsnummer|f\u00f8dselsnr|personnummer|d nummer|fnr",
        form=r"[0-7][0-9][0-9]{4} ?[0-9]{5}",
        number="151086 95088",
        wrong="151086 95077",
    ),
    Row(
        name="nz_ird",
        module="nz.ird",
        labels="ird|ird number|inland revenue",
        form=r"[0-9]{2,3}-?[0-9]{3}-?[0-9]{3}",
        number="49-091-850",
        wrong="49-091-851",
    ),
    Row(
        name="pe_ruc",
        module="pe.ruc",
        labels="ruc|registro \u00fanico de contribuyentes",
        form=r"[12][05-7][0-9]{9}",
        number="20512333797",
        wrong="20512333798",
    ),
    Row(
        name="pk_cnic",
        module="pk.cnic",
        labels="cnic|nadra|snic",
        form=r"[1-7][0-9]{4}-?[0-9]{7}-?[1-9]",
        number="3420108912318",
        wrong="9420108912318",
        form_alone=r"[1-7][0-9]{4}-[0-9]{7}-[1-9]",
        alone="42201-0397640-8",
        digits=13,
        beside="-",
    ),
    Row(
        name="pl_pesel",
        module="pl.pesel",
        labels="pesel",
        form=r"[0-9]{11}",
        number="44051401359",
        wrong="44051401358",
    ),
    Row(
        name="pl_nip",
        module="pl.nip",
        labels="nip|numer identyfikacji podatkowej",
        form=r"[0-9]{3}-?[0-9]{2,3}-?[0-9]{2}-?[0-9]{2,3}",
        number="856-734-62-15",
        wrong="856-734-62-16",
    ),
    Row(
        name="pt_nif",
        module="pt.nif",
        labels="nif|contribuinte|n\u00famero fiscal|numero fiscal|n\u00famero de identifica\u00e7\u00e3o fiscal|nipc",
        form=r"[1-9][0-9]{2} ?[0-9]{3} ?[0-9]{3}",
        number="501 964 843",
        wrong="501 964 842",
    ),
    Row(
        name="pt_cc",
        module="pt.cc",
        labels="cart\u00e3o de cidad\u00e3o|cartao de cidadao|cart\u00e3o do cidad\u00e3o",
        form=r"[0-9]{8} ?[0-9] ?[A-Z0-9]{2}[0-9]",
        number="00000000 0 ZZ4",
        wrong="00000000 0 ZZ3",
    ),
    Row(
        name="ro_cnp",
        module="ro.cnp",
        labels="cnp|cod numeric personal|codul numeric personal",
        form=r"[1-9][0-9]{12}",
        number="1630615123457",
        wrong="1630615123458",
    ),
    Row(
        name="ru_inn",
        module="ru.inn",
        labels="inn|\u0418\u041d\u041d|\u0438\u043d\u043d",
        form=r"[0-9]{10}(?:[0-9]{2})?",
        number="123456789047",
        wrong="123456789037",
    ),
    Row(
        name="se_personnummer",
        module="se.personnummer",
        labels="personnummer|personnr|svenskt personnummer|samordningsnummer|swedish id",
        form=r"(?:19|20)?[0-9]{2}[01][0-9][0-9]{2}[\-+]?[0-9]{4}",
        number="880320-0016",
        wrong="880320-0018",
        form_alone=r"[0-9]{2}[01][0-9][0-9]{2}[\-+][0-9]{4}",
        alone="811228-9874",
        digits=10,
        beside=r"\-+",
    ),
    Row(
        name="si_emso",
        module="si.emso",
        labels="em\u0161o|emso|jmbg|embg|mati\u010dni broj|\u043c\u0430\u0442\u0438\u0447\u043d\u0438 \u0431\u0440\u043e\u0458",
        form=r"[0-3][0-9][01][0-9]{10}",
        number="0101006500006",
        wrong="0101006500007",
    ),
    Row(
        name="th_pin",
        module="th.pin",
        labels="thai id|thai national id|tnin|\u0e1a\u0e31\u0e15\u0e23\u0e1b\u0e23\u0e30\u0e0a\u0e32\u0e0a\u0e19",
        form=r"[1-8][0-9]{12}",
        number="3100600445635",
        wrong="3100600445636",
        form_alone=r"[1-8]-[0-9]{4}-[0-9]{5}-[0-9]{2}-[0-9]",
        alone="1-2345-45678-78-1",
        digits=13,
        beside="-",
    ),
    Row(
        name="tr_tckn",
        module="tr.tckimlik",
        labels="tc kimlik|tckn|kimlik no|kimlik numaras\u0131|t.c. kimlik",
        form=r"[1-9][0-9]{10}",
        number="17291716060",
        wrong="17291716050",
    ),
    Row(
        name="ua_rntrc",
        module="ua.rntrc",
        labels="rnokpp|rntrc|\u0420\u041d\u041e\u041a\u041f\u041f|\u0440\u043d\u043e\u043a\u043f\u043f",
        form=r"[0-9]{10}",
        number="1759013776",
        wrong="1759013770",
    ),
    Row(
        name="ve_rif",
        module="ve.rif",
        labels="rif|r.i.f.",
        form=r"[VEJPG]-?[0-9]{8}-?[0-9]",
        number="V114702834",
        wrong="V114702833",
        form_alone=r"[VEJPG]-[0-9]{8}-[0-9]",
        alone="V-11470283-4",
        digits=9,
        beside="-",
    ),
    Row(
        name="za_id",
        module="za.idnr",
        labels="sa id|rsa id|south african id|id number|identity number|za id",
        form=r"[0-9]{6} ?[0-9]{4} ?[01][0-9][0-9]",
        number="7503305044089",
        wrong="8503305044089",
    ),
    Row(
        name="eu_vat",
        module="eu.vat",
        labels=(
            "vat|vat number|vat id|vat reg|ust id|ust idnr|uid nr|tva|tva intracommunautaire|btw|btw nummer"
            "|partita iva|p.iva|moms|vatin"
        ),
        form=r"[A-Z]{2} ?[0-9A-Z](?:[ .]?[0-9A-Z]){7,11}",
        number="FR 61 954 506 077",
        wrong="FR 61 954 506 078",
    ),
    Row(
        name="gb_vat",
        module="gb.vat",
        labels="vat|vat number|vat id|vat no|vat reg|vat registration",
        form=r"(?:GB)? ?[0-9]{3} ?[0-9]{4} ?[0-9]{2}",
        number="GB 980 7806 84",
        wrong="GB 802311781",
    ),
    Row(
        name="fr_siren",
        module="fr.siren",
        labels="siren|num\u00e9ro siren|num\u00e9ro de siren",
        form=r"[0-9]{3}[ .]?[0-9]{3}[ .]?[0-9]{3}",
        number="552 008 443",
        wrong="552 008 444",
    ),
    Row(
        name="fr_siret",
        module="fr.siret",
        labels="siret|num\u00e9ro siret|num\u00e9ro de siret",
        form=r"[0-9]{3}[ .]?[0-9]{3}[ .]?[0-9]{3}[ .]?[0-9]{5}",
        number="732 829 320 00074",
        wrong="732 829 320 00075",
    ),
    Row(
        name="au_acn",
        module="au.acn",
        labels="acn|australian company number",
        form=r"[0-9]{3} ?[0-9]{3} ?[0-9]{3}",
        number="004 085 616",
        wrong="604 085 616",
    ),
    Row(
        name="sg_uen",
        module="sg.uen",
        labels="uen|unique entity number|uen number",
        form=r"[0-9]{8,9}[A-Z]|[STR][0-9]{2}[A-Z]{2}[0-9]{4}[A-Z]",
        number="00192200M",
        wrong="00192200P",
    ),
    Row(
        name="mx_rfc",
        module="mx.rfc",
        labels="rfc|registro federal de contribuyentes|clave rfc",
        form=r"[A-Z&\u00d1]{3,4}[ \-]?[0-9]{2}[01][0-9][0-3][0-9][ \-]?[0-9A-Z]{3}",
        number="GODE561231GR8",
        wrong="GODE561331GR8",
    ),
    Row(
        name="it_iva",
        module="it.iva",
        labels="partita iva|p.iva|p. iva|piva|iva",
        form=r"[0-9]{11}",
        number="00743110157",
        wrong="00743110158",
    ),
)
